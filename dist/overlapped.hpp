#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/dist/world.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/train/fit_ranks.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::dist {

/// How gradients travel: as they are, or those in float32 rounded to bfloat16, in half the bytes;
/// each sum on the way is rounded too.
enum class Wire { exact, bfloat16 };

struct OverlappedOptions {
  std::int64_t first_bucket =
      1 << 20;                     ///< bytes of gradients that travel together, first: soon there,
  std::int64_t bucket = 25 << 20;  ///< and then; a larger gradient travels alone
  Wire wire = Wire::exact;
  /// Leaves that are no parameters of the model, such as inputs: they get their own gradients, as
  /// by `loss.backward()`.
  bool allow_others = false;
};

/// What the gradients of a model cost to exchange, so far.
struct ExchangeStatistics {
  std::int64_t steps = 0;
  std::int64_t buckets = 0;     ///< sent
  std::int64_t early = 0;       ///< of these, begun while backward still ran
  std::int64_t bytes = 0;       ///< of gradients that this rank has handed to MPI
  double backward_seconds = 0;  ///< until all rules had run, with the time to pack and begin
  double exposed_seconds = 0;   ///< then waited for others, and for what was under way
};

/// Backward on all ranks at a time: the gradients become means over the samples of all ranks, and
/// travel while backward still runs. Parameters in reverse order fill buckets; a bucket is on its
/// way as soon as its last gradient is complete.
/// ```
/// dist::Overlapped overlapped(model, world);
/// ...
/// optimizer.zero_grad();
/// overlapped.backward(loss, x.extent(0));
/// optim::clip_grad_norm(model.parameters(), 1);   // of the whole
/// optimizer.step();
/// ```
/// A Fit does that by itself: `{.ranks = &overlapped}`. Model and world must live as long. All its
/// functions are called by all ranks.
class Overlapped final : public FitRanks {
 public:
  /// Throws ValueError on all ranks if models or options differ, naming the first difference; and
  /// for buckets below 1 byte.
  Overlapped(const nn::Module& model, const World& world, const OverlappedOptions& options = {});
  ~Overlapped() override;
  Overlapped(const Overlapped&) = delete;
  Overlapped& operator=(const Overlapped&) = delete;

  /// Adds the mean of the gradients to those of the parameters: each rank has the mean over so many
  /// samples. A parameter that no rank has used gets none; one that some have not used counts as 0
  /// there. A rank without samples takes part with 0 of them; its loss, undefined or not, does not
  /// count. Returns samples of all ranks.
  /// If it throws on this rank, no leaf of it has changed, but others may wait: let the exception
  /// end the program.
  /// Throws what `Tensor::backward` throws; ValueError for samples that are negative or not finite,
  /// some without a loss, none on all ranks, for other leaves unless they are allowed, and for a
  /// parameter that is frozen on this rank and not on others; on all ranks, for parameters that
  /// differ in the first call, and another Overlapped; DtypeError for a parameter whose dtype has
  /// changed.
  double backward(const Tensor& loss, double samples);
  /// The same of a batch that is a part of a larger one: its gradients stay here, until `backward`
  /// takes them along.
  void accumulate(const Tensor& loss, double samples) override;

  const World& world() const;
  ExchangeStatistics statistics() const;

  // As a Fit asks: see FitRanks.
  double backward(const Tensor& loss, double samples, std::span<double> sums) override;

 private:
  int rank() const override;
  int size() const override;
  std::vector<double> gather(std::span<const double> own) const override;
  void sum(std::span<double> numbers) const override;
  std::string broadcast(const std::string& text) const override;
  NamedTensors broadcast(const NamedTensors& state) const override;
  void hold(const std::string& why) const override;
  std::int64_t passes() const override;
  void forget() override;
  std::string missed(const NamedTensors& leaves) const override;

  struct Exchange;
  std::unique_ptr<Exchange> exchange_;
};

/// The same when backward is over: the gradients of all parameters become means over the samples of
/// all ranks, in one message for each dtype; leaves that the model has not keep their own.
/// `samples`: of this rank, whose gradients are means over so many; 0 without any.
/// Returns samples of all ranks. Throws as Overlapped, and ValueError on all ranks if the models
/// differ.
double average_gradients(const nn::Module& model, const World& world, double samples);

}  // namespace xtape::dist

XTAPE_EXPORT_END
