#pragma once
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

/// What becomes of the elements of constants.
namespace xtape::exporting {

/// Whether all elements are so; false of a tensor that is undefined.
bool all_true(const Tensor& truths);
bool all_zero(const Tensor& numbers);
/// Whether it has elements, and all have the bytes of the first.
bool all_equal(const Tensor& numbers);
/// Whether all bytes of two tensors of one dtype and shape are the same.
bool same_bytes(const Tensor& a, const Tensor& b);

/// As C writes them, exactly.
std::vector<std::string> c_literals(const Tensor& x);

/// float32 weights [outputs, ...] in steps of each output's own, 127 for its greatest.
struct ByteWeights {
  std::vector<int> bytes;
  std::vector<double> steps;
};
ByteWeights in_bytes(const Tensor& weights);
/// What one byte stands for, if 127 stands for `range`.
double step_of(double range);

}  // namespace xtape::exporting
