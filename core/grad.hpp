#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Options of `grad`.
struct GradOptions {
  std::optional<bool> retain_graph =
      {};  ///< keep the graph for another sweep; as `create_graph` unless set
  bool create_graph =
      false;  ///< record the backward pass: the gradients can be differentiated again
  bool allow_unused =
      false;  ///< an undefined tensor, not an error, for inputs the outputs do not depend on
  std::vector<Tensor> seeds =
      {};  ///< dL/d(output) for each output; 1 for scalar outputs unless given
};

/// Gradients of the sum of `outputs` (weighted by the seeds) with respect to each of `inputs`,
/// leaves or results of operations; leaves' own gradients stay untouched.
/// Throws GradError if an output was not recorded or is no scalar and has no seed, if an input is
/// not on the tape of the outputs (unless allow_unused), or if the graph has been swept before
/// without retain_graph; ShapeError, DtypeError for seeds that do not fit.
[[nodiscard]] std::vector<Tensor> grad(const std::vector<Tensor>& outputs,
                                       const std::vector<Tensor>& inputs,
                                       const GradOptions& options = {});
[[nodiscard]] std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                                       const GradOptions& options = {});

/// The same for a fixed list: `auto [dw, db] = grad(loss, {w, b});`
template <std::size_t N>
[[nodiscard]] std::array<Tensor, N> grad(const Tensor& output, const Tensor (&inputs)[N],
                                         const GradOptions& options = {}) {
  std::vector<Tensor> list = grad(output, std::vector<Tensor>(inputs, inputs + N), options);
  std::array<Tensor, N> gradients;
  for (std::size_t i = 0; i < N; ++i) gradients[i] = std::move(list[i]);
  return gradients;
}

}  // namespace xtape

XTAPE_EXPORT_END
