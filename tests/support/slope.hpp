#pragma once
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/reduce.hpp>

#include "compare.hpp"

inline constexpr double inf = std::numeric_limits<double>::infinity();
inline constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

inline xtape::Tensor of(Values values) { return xtape::from_vector(std::move(values)); }

/// Gradient of sum(f(x)), equal as a fused pass and as a recorded one, in float64 and in float32.
template <class F>
xtape::Tensor slope(F f, const Values& at) {
  xtape::Tensor result;
  for (const xtape::Dtype dtype : {xtape::Dtype::float32, xtape::Dtype::float64}) {
    const xtape::Tensor x = of(at).to(dtype).set_requires_grad(true);
    const auto [fused] = xtape::grad(sum(f(x)), {x});
    const auto [recorded] = xtape::grad(sum(f(x)), {x}, {.create_graph = true});
    CHECK(mismatch(recorded, fused, tolerance_of(dtype)) == "");
    if (result.defined()) {
      CHECK(mismatch(fused.to(xtape::Dtype::float32), result,
                     tolerance_of(xtape::Dtype::float32)) == "");
    }
    result = fused;
  }
  return result;
}
