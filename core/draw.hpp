#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>

namespace xtape::detail {

inline void check_floating(const char* op, Dtype dtype) {
  if (!is_floating(dtype)) {
    throw DtypeError(std::string(op) + ": the dtype must be floating; got " +
                     std::string(to_string(dtype)));
  }
}

using Setting = std::pair<const char*, Number>;
using Settings = std::vector<Setting, memory::Allocator<Setting>>;

/// A tensor of what `next` gives, in order.
template <class F>
struct Draw {
  OpInfo info;
  Shape shape;
  Dtype dtype;
  F next;
  Settings settings;

  void attributes(auto& visit) const {
    for (const auto& [name, value] : settings) visit(name, value.text());
  }
  OpResult infer() const { return {shape, dtype}; }
  void run(const Tensor& y) const {
    visit(dtype, [&]<class T>(TypeTag<T>) {
      std::generate_n(y.body().elements<T>(), y.size(), [&] { return static_cast<T>(next()); });
    });
  }
};

template <class F>
Tensor drawn(const char* op, const Shape& shape, Dtype dtype, F next, Settings settings = {}) {
  return apply(Draw<F>{{op}, shape, dtype, next, std::move(settings)});
}

/// A tensor that `fill` makes as a whole.
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
  return apply(DrawTogether<F>{{op}, shape, dtype, fill});
}

}  // namespace xtape::detail
