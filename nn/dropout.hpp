#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// What the kinds of dropout share: masks that follow from a key drawn at construction and the
/// number of the call. Copies share both: threads that train at the same time need models of their
/// own (see clone).
class MaskedModule : public Module {
 public:
  double rate;

 protected:
  /// Throws ValueError, in the name of `op`, unless 0 <= rate <= 1.
  MaskedModule(const char* op, double rate, Rng& rng);

  /// Whether nothing is to be dropped: in evaluation, and of rate 0.
  bool idle() const { return !training() || rate == 0; }
  /// x through the mask of this call.
  Tensor masked(const Tensor& x) const;
  /// A mask of this call, of 0 and 1 / (1 - rate), in the dtype of x; within vmap one for each
  /// example.
  Tensor mask(const Shape& shape, const Tensor& x) const;

 private:
  Buffer stream_;  // int64[2]: the key and the number of calls so far
};

/// Sets each element to 0 with probability `rate`, and scales the others by 1 / (1 - rate), so that
/// the expectation stays; in training only, in evaluation it is the identity.
///   dx = g through the same mask
/// Throws ValueError unless 0 <= rate <= 1.
/// Source: Srivastava et al., Dropout (2014), section 10, "inverted" scaling.
struct Dropout : MaskedModule {
  explicit Dropout(double rate, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
};

/// The same of whole channels: all elements of one, or none.
///   x [n, c, extents...] of `axes` axes, or one image [c, extents...]
/// Throws ShapeError for another rank.
/// Source: Tompson et al., Efficient Object Localization Using Convolutional Networks (2015),
/// section 3.2.
template <int axes>
struct ChannelDropout : MaskedModule {
  explicit ChannelDropout(double rate, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
};
using Dropout1d = ChannelDropout<1>;
using Dropout2d = ChannelDropout<2>;
using Dropout3d = ChannelDropout<3>;

/// Dropout that keeps mean 0 and variance 1 of what selu gives: sets elements to selu's lower end,
/// and scales and shifts all.
/// Source: Klambauer et al., Self-Normalizing Neural Networks (2017), section 2, "New Dropout
/// Technique".
struct AlphaDropout : MaskedModule {
  explicit AlphaDropout(double rate, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
};

/// What `StochasticDepth` drops at a time.
enum class DropMode { row, batch };

struct StochasticDepthOptions {
  DropMode mode = DropMode::row;
};

/// Dropout of whole examples, x [n, ...], or of the whole batch: at the end of a residual branch,
/// which is then left out. The others are scaled by 1 / (1 - rate).
/// Throws ShapeError for an x without examples.
/// Source: Huang et al., Deep Networks with Stochastic Depth (2016); scaled in training, as
/// torchvision's.
class StochasticDepth : public MaskedModule {
 public:
  explicit StochasticDepth(double rate, const StochasticDepthOptions& options = {},
                           Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;

 private:
  DropMode mode_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
