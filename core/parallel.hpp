#pragma once
#include <chrono>
#include <cstdint>
#include <type_traits>

#include <xtape/config.hpp>
#include <xtape/core/threads.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// While it lives, operations of this thread are not shared: for threads that are many already.
class Unshared {
 public:
  Unshared();
  ~Unshared();
  Unshared(const Unshared&) = delete;
  Unshared& operator=(const Unshared&) = delete;

 private:
  bool outer_;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END

namespace xtape::detail {

/// What to do for [first, last) of so many things.
class RangeFunction {
 public:
  template <class F>
  RangeFunction(const F& f)
      : f_(&f), call_([](const void* of, std::int64_t first, std::int64_t last) {
          (*static_cast<const F*>(of))(first, last);
        }) {}
  void operator()(std::int64_t first, std::int64_t last) const { call_(f_, first, last); }

 private:
  const void* f_;
  void (*call_)(const void*, std::int64_t, std::int64_t);
};

void share(std::int64_t count, std::int64_t piece, const RangeFunction& f);
void share(std::int64_t count, std::int64_t piece, const RangeFunction& f,
           std::chrono::nanoseconds work);
bool may_share();

/// Calls f(first, last) for ranges that make up [0, count), each once, on several threads at a time
/// if that pays: the time that the first piece takes tells. Ranges begin at multiples of `piece`;
/// one thread takes all in one call. f must give the same bits for any ranges, and must not use
/// operations. Passes on an exception from f when nothing runs any more.
template <class F>
void parallel_for(std::int64_t count, std::int64_t piece, const F& f) {
  if (count <= piece || !may_share()) {
    if (count > 0) f(std::int64_t{0}, count);
  } else {
    share(count, piece, f);
  }
}

/// The same of pieces that are few, so that none is to be tried alone: their time on one thread is
/// about known.
template <class F>
void parallel_for(std::int64_t count, std::int64_t piece, std::chrono::nanoseconds work,
                  const F& f) {
  if (count <= piece || !may_share()) {
    if (count > 0) f(std::int64_t{0}, count);
  } else {
    share(count, piece, f, work);
  }
}

/// Calls f(i) for each of `count` things of so many elements.
template <class F>
void parallel_for_each(std::int64_t count, std::int64_t elements, const F& f) {
  constexpr std::int64_t worth = 8192;
  parallel_for(count, 1 + worth / (elements + 1), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) f(i);
  });
}

/// About the time that so many products and additions take, at least: in float32, by the widest
/// registers.
inline std::chrono::nanoseconds time_of_products(double count) {
  constexpr double in_a_nanosecond = 24;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(count / in_a_nanosecond));
}

}  // namespace xtape::detail
