#pragma once
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The processes that train a model together, each with a part of every batch, as a Fit asks them: see
/// dist::Overlapped. All call the same functions in the same order.
class FitRanks {
 public:
  virtual ~FitRanks();
  virtual int rank() const = 0;  ///< of this process, from 0
  virtual int size() const = 0;

  /// The numbers of all ranks, as many each, rank 0's first.
  virtual std::vector<double> gather(std::span<const double> own) = 0;
  /// Sums over all ranks, in place.
  virtual void sum(std::span<double> numbers) = 0;
  /// What rank 0 has.
  virtual std::string broadcast(const std::string& text) = 0;
  virtual NamedTensors broadcast(const NamedTensors& state) = 0;

  /// Backward on all ranks, after which parameters have the mean of their gradients over all samples, those of batches that
  /// were accumulated before too; an undefined loss is of no samples. `sums` are summed over ranks on the way.
  virtual double backward(const Tensor& loss, double samples, std::span<double> sums) = 0;
  /// Backward here alone: the gradients wait for the next that all make.
  virtual void accumulate(const Tensor& loss, double samples) = 0;
};

}  // namespace xtape

XTAPE_EXPORT_END
