#pragma once
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/train/ranks.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The processes that train a model together, each with a part of every batch, as a Fit asks them: see
/// dist::Overlapped.
class FitRanks : public Ranks {
 public:
  /// Backward on all ranks, after which parameters have the mean of their gradients over all samples, those of batches that
  /// were accumulated before too; an undefined loss is of no samples. `sums` are summed over ranks on the way.
  virtual double backward(const Tensor& loss, double samples, std::span<double> sums) = 0;
  /// Backward here alone: the gradients wait for the next that all make.
  virtual void accumulate(const Tensor& loss, double samples) = 0;
};

}  // namespace xtape

XTAPE_EXPORT_END
