#pragma once
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>

/// x^2 with a rule that is wrong: 3 g x.
struct WrongSquare {
  static constexpr xtape::OpInfo info{"wrong_square"};
  xtape::SavedInput input{};
  xtape::Tensor run(const xtape::Tensor& x) const {
    const xtape::NoGradGuard off;
    return x * x;
  }
  void keep(const xtape::Tensor&, const xtape::Tensor& x) { input = xtape::SavedInput(x); }
  void vjp(const xtape::Tensor& g, const xtape::Send& send) const { send(0, 3 * g * input.get()); }
};
