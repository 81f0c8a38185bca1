#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// What becomes of the losses of the samples.
enum class Reduction { mean, sum, none };

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

namespace detail {

/// weights * losses, and 0 where the weight is 0, whatever the loss.
Tensor weighted(const Tensor& weights, const Tensor& losses);

/// The losses of the samples [n], reduced. Those of several outputs [n, outputs...] are first
/// averaged over the outputs of each sample.
Tensor reduced(const Tensor& losses, Reduction reduction);

}  // namespace detail
}  // namespace xtape::nn

XTAPE_EXPORT_END
