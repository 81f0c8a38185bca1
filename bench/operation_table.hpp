#pragma once

#include <xtape/core/tensor.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// An input: numbers drawn from [low, high), `whole` ones without a fraction.
struct Input {
  enum class Kind { differentiable, constant, whole, integer, boolean };
  double low = -2, high = 2;
  xtape::Shape shape = {100'000};
  Kind kind = Kind::differentiable;
};

/// An operation at some 1e5 elements.
struct Operation {
  using Tensors = std::vector<xtape::Tensor>;
  template <class F>
  Operation(std::string text, std::vector<Input> of, F f, bool by_chance = false)
      : name(std::move(text)), inputs(std::move(of)), draws(by_chance) {
    apply = [f](const Tensors& x) {
      if constexpr (std::is_same_v<decltype(f(x)), Tensors>) {
        return f(x);
      } else {
        return Tensors{f(x)};
      }
    };
  }
  std::string name;
  std::vector<Input> inputs;
  std::function<Tensors(const Tensors&)> apply;
  bool draws;               ///< and so every contestant computes something else
  Tensors parameters = {};  ///< of a layer
  bool into_leaves =
      false;  ///< backward to the gradients that leaves keep, where these may be sparse
};

std::vector<Operation> operations();
std::vector<Operation> elementwise_operations();
std::vector<Operation> matrix_operations();
std::vector<Operation> layers();

}  // namespace bench
