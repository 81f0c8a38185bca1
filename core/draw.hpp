#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rng.hpp>

namespace xtape::detail {

inline void check_floating(const char* op, Dtype dtype) {
  if (!is_floating(dtype)) {
    throw DtypeError(std::string(op) + ": the dtype must be floating; got " +
                     std::string(to_string(dtype)));
  }
}

using Setting = std::pair<const char*, Number>;
using Settings = std::vector<Setting, memory::Allocator<Setting>>;

/// Who draws, where somebody watches who may do it again: then it must be there, and be the default
/// one of the same thread, if it was.
class Source {
 public:
  explicit Source(const Rng& by) {
    if (!Watcher::present()) [[likely]]
      return;
    alive_ = by.alive().weak();
    if (&by == &default_rng()) default_ = &by;
  }
  void check() const {
    if (!alive_) return;
    alive_->require("a generator");
    if (default_ != nullptr && default_ != &default_rng())
      throw ValueError(
          "compile: a step that draws from a thread's default generator must be on that thread");
  }

 private:
  std::optional<Alive::Weak> alive_;
  const Rng* default_ = nullptr;
};

/// A tensor of what `next` gives, in order; it captures values, and a generator that is told of.
template <class F>
struct Draw {
  OpInfo info;
  Shape shape;
  Dtype dtype;
  F next;
  Settings settings;
  Source source;

  void attributes(auto& visit) const {
    for (const auto& [name, value] : settings) visit(name, value.text());
  }
  OpResult infer() const { return {shape, dtype}; }
  void run(const Tensor& y) const {
    source.check();
    visit(dtype, [&]<class T>(TypeTag<T>) {
      std::generate_n(y.body().elements<T>(), y.size(), [&] { return static_cast<T>(next()); });
    });
  }
};

template <class F>
Tensor drawn(const char* op, const Shape& shape, Dtype dtype, const Rng& by, F next,
             Settings settings = {}) {
  return apply(Draw<F>{{op}, shape, dtype, next, std::move(settings), Source(by)});
}

/// A tensor that `fill`, which may capture by reference, makes as a whole.
template <class F>
struct DrawTogether {
  OpInfo info;
  Shape shape;
  Dtype dtype;
  F fill;

  OpResult infer() const { return {shape, dtype}; }
  void run(const Tensor& y) const { fill(y); }
};

template <class F>
Tensor drawn_together(const char* op, const Shape& shape, Dtype dtype, F fill) {
  refuse_to_repeat(op);
  return apply(DrawTogether<F>{{op}, shape, dtype, fill});
}

}  // namespace xtape::detail
