#pragma once
// What tests of compile have in common.

#include <string>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/ops/compile.hpp>

#include "errors.hpp"

using Tensors = std::vector<xtape::Tensor>;

inline const xtape::Tensor small = xtape::tensor({1.0, 2.0, 3.0}, xtape::Dtype::float64),
                           other = xtape::tensor({4.0, -1.0, 0.5}, xtape::Dtype::float64);

/// What three calls of a compiled function throw.
template <class F>
std::string refusal(F f, const xtape::Tensor& x = small) {
  auto compiled = xtape::compile(std::move(f));
  return error_of<xtape::ReplayError>([&] {
    for (int call = 0; call < 3; ++call) static_cast<void>(compiled(x));
    return 0;
  });
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
