#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/gradcheck/differences.hpp>

/// What a gradient check is about: functions of tensors, seen as functions of lists of numbers.
namespace xtape::detail {

using Tensors = std::vector<Tensor>;

/// A function, and the point where its derivatives are checked.
struct Problem {
  std::function<Tensors(Tensors&)> function;
  Tensors inputs;                  // float64 where floating
  std::vector<std::string> names;  // of the inputs
};

inline bool is_floating(const Tensor& tensor) { return xtape::is_floating(tensor.dtype()); }

/// The floating tensors' elements, one tensor after another.
Values flattened(const Tensors& tensors);
/// The inverse: `values` in the shapes of the floating ones of `like`, the others as they are.
Tensors unflattened(const Values& values, const Tensors& like);

/// Numbers of both signs away from 0, so that no part of a derivative is projected out.
Values random_values(std::size_t count, Rng& rng);

/// The outputs at `inputs`. Throws DtypeError if one is float32.
Tensors call(const Problem& problem, Tensors inputs);

/// The inputs as leaves, the flagged floating ones requiring gradients.
Tensors as_leaves(const Tensors& inputs, const std::vector<bool>& flags);

/// Gradients by the inputs that require them, of the outputs weighted by the cotangents; undefined
/// where nothing flows.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& cotangents,
                  bool create_graph);

/// The projected gradient of a problem's function, as a function of its inputs and of the
/// cotangents of its outputs: the derivatives of the next order are its first ones.
Problem gradient_of(const Problem& problem, Rng& rng);

/// "weight[0, 2]": an element of one of the floating tensors, counted over all of them.
std::string element_name(const Tensors& tensors, const std::vector<std::string>& names,
                         std::size_t place);

/// "output", or "output 0", "output 1", ...
std::vector<std::string> numbered(const char* kind, std::size_t count);

}  // namespace xtape::detail
