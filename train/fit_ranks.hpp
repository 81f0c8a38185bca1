#pragma once
#include <cstdint>
#include <span>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/train/ranks.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The processes that train a model together, each with a part of every batch, as a Fit asks them:
/// see dist::Overlapped.
class FitRanks : public Ranks {
 public:
  /// Backward on all ranks, after which parameters have the mean of their gradients over all
  /// samples, those of batches that were accumulated before too; an undefined loss is of no
  /// samples. `sums` are summed over ranks on the way. Returns samples of all ranks; 0, with no
  /// gradient changed, if no rank has any.
  virtual double backward(const Tensor& loss, double samples, std::span<double> sums) = 0;
  /// Backward here alone: the gradients wait for the next that all make.
  virtual void accumulate(const Tensor& loss, double samples) = 0;
  /// How often either was called.
  virtual std::int64_t passes() const = 0;
  /// Forgets what was accumulated for a backward that does not come; on one rank also that a pass
  /// has ended by an exception.
  virtual void forget() = 0;

  /// The name of the first of these leaves that has a gradient to come and is not exchanged; empty
  /// without any.
  virtual std::string missed(const NamedTensors& leaves) const = 0;
};

}  // namespace xtape

XTAPE_EXPORT_END
