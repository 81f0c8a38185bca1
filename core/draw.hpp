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

/// A tensor of what `next` gives, in order; it captures values, and a generator that is told of.
template <class F>
struct Draw {
  OpInfo info;
  Shape shape;
  Dtype dtype;
  F next;
  Settings settings;
  std::optional<Alive::Weak> generator;

  void attributes(auto& visit) const {
    for (const auto& [name, value] : settings) visit(name, value.text());
  }
  OpResult infer() const { return {shape, dtype}; }
  void run(const Tensor& y) const {
    if (generator) generator->require("a generator");
    visit(dtype, [&]<class T>(TypeTag<T>) {
      std::generate_n(y.body().elements<T>(), y.size(), [&] { return static_cast<T>(next()); });
    });
  }
};

template <class F>
Tensor drawn(const char* op, const Shape& shape, Dtype dtype, const Rng& by, F next,
             Settings settings = {}) {
  std::optional<Alive::Weak> generator;
  if (Watcher::present()) [[unlikely]]
    generator = by.alive().weak();
  return apply(Draw<F>{{op}, shape, dtype, next, std::move(settings), std::move(generator)});
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
