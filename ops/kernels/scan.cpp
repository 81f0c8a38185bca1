#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/scan.hpp>

namespace xtape::kernels {
namespace {

using detail::AroundAxis;

/// What a result of T is computed in.
template <class T>
using Running = std::conditional_t<std::is_same_v<T, float>, double,
                                   std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>>;

template <class T>
XTAPE_WRAPS T added(T a, T b) {
  return a + b;
}
template <class T>
XTAPE_WRAPS T multiplied(T a, T b) {
  return a * b;
}

/// y at each place from `first(place)` at the beginning of the axis and `next(before, place)`
/// behind.
template <class T, class First, class Next>
void scan(const AroundAxis& around, bool backwards, T* y, First first, Next next) {
  using Sum = Running<T>;
  const std::int64_t inner = around.inner, step = backwards ? -inner : inner;
  std::vector<Sum, memory::Allocator<Sum>> row(static_cast<std::size_t>(inner));
  for (std::int64_t i = 0; i < around.outer; ++i) {
    std::int64_t at = (i * around.count + (backwards ? around.count - 1 : 0)) * inner;
    if (inner == 1) {
      Sum sum = first(at);
      y[at] = static_cast<T>(sum);
      for (std::int64_t j = 1; j < around.count; ++j) {
        at += step;
        sum = next(sum, at);
        y[at] = static_cast<T>(sum);
      }
      continue;
    }
    Sum* const sums = row.data();
    for (std::int64_t k = 0; k < inner; ++k) y[at + k] = static_cast<T>(sums[k] = first(at + k));
    for (std::int64_t j = 1; j < around.count; ++j) {
      at += step;
      for (std::int64_t k = 0; k < inner; ++k)
        y[at + k] = static_cast<T>(sums[k] = next(sums[k], at + k));
    }
  }
}

/// The place of the foremost element so far, or of the first NaN; nothing is `behind` that.
template <class T, class Behind>
void places(const AroundAxis& around, std::int64_t* to, const T* from, Behind behind) {
  const std::int64_t inner = around.inner;
  const auto chosen = [behind](T value, T best) { return !behind(value, best) && best == best; };
  for (std::int64_t i = 0; i < around.outer; ++i, from += around.count * inner) {
    if (inner == 1) {
      std::int64_t place = 0;
      T best = from[0];
#pragma GCC unroll 4
      for (std::int64_t j = 0; j < around.count; ++j) {
        if (chosen(from[j], best)) best = from[place = j];
        *to++ = place;
      }
      continue;
    }
    for (std::int64_t j = 0; j < around.count; ++j, to += inner) {
      for (std::int64_t k = 0; k < inner; ++k) {
        const std::int64_t place = j == 0 ? 0 : to[k - inner];
        to[k] = chosen(from[j * inner + k], from[place * inner + k]) ? j : place;
      }
    }
  }
}

/// f(TypeTag) with the type of the elements, which are not truth values.
template <class F>
void visit_numbers(Dtype dtype, F f) {
  visit(dtype, [&]<class T>(TypeTag<T> tag) {
    if constexpr (!std::is_same_v<T, bool>) f(tag);
  });
}

}  // namespace

void running_sum(const Tensor& x, int axis, bool backwards, const Tensor& y) {
  if (y.size() == 0) return;
  visit_numbers(x.dtype(), [&]<class T>(TypeTag<T>) {
    const T* const from = x.body().elements<const T>();
    const auto first = [from](std::int64_t at) { return static_cast<Running<T>>(from[at]); };
    scan(AroundAxis(x.shape(), axis), backwards, y.body().elements<T>(), first,
         [first](Running<T> sum, std::int64_t at) { return added(sum, first(at)); });
  });
}

void running_product(const Tensor& x, int axis, const Tensor& y) {
  if (y.size() == 0) return;
  visit_numbers(x.dtype(), [&]<class T>(TypeTag<T>) {
    const T* const from = x.body().elements<const T>();
    const auto first = [from](std::int64_t at) { return static_cast<Running<T>>(from[at]); };
    scan(AroundAxis(x.shape(), axis), false, y.body().elements<T>(), first,
         [first](Running<T> product, std::int64_t at) { return multiplied(product, first(at)); });
  });
}

void recurrence(const Tensor& a, const Tensor& b, int axis, bool backwards, const Tensor& y) {
  if (y.size() == 0) return;
  visit_numbers(y.dtype(), [&]<class T>(TypeTag<T>) {
    const T* const factor = a.body().elements<const T>();
    const T* const summand = b.body().elements<const T>();
    const auto first = [summand](std::int64_t at) { return static_cast<Running<T>>(summand[at]); };
    scan(AroundAxis(y.shape(), axis), backwards, y.body().elements<T>(), first,
         [=](Running<T> before, std::int64_t at) {
           return added(first(at), multiplied(static_cast<Running<T>>(factor[at]), before));
         });
  });
}

void running_place(bool greatest, const Tensor& x, int axis, const Tensor& y) {
  if (y.size() == 0) return;
  const AroundAxis around(x.shape(), axis);
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    const T* const from = x.body().elements<const T>();
    auto* const to = y.body().elements<std::int64_t>();
    if (greatest) {
      places(around, to, from, [](T a, T b) { return a <= b; });
    } else {
      places(around, to, from, [](T a, T b) { return a >= b; });
    }
  });
}

}  // namespace xtape::kernels
