#pragma once
#include <string>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// Behind an error of dtypes, how an input gets that of a weight; nothing where that does not help.
inline std::string dtype_cure(const Tensor& x, const Tensor& weight) {
  if (!is_floating(weight.dtype()) || x.dtype() == weight.dtype()) return {};
  return "; the input fits after .to(Dtype::" + std::string(to_string(weight.dtype())) + ")";
}

}  // namespace xtape::detail
