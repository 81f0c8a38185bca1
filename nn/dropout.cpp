#include <cmath>
#include <limits>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/ops/batch_part.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/dropout_stream.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {
namespace {

/// x times a mask of 0 and other numbers: 0 where that is, whatever x is.
Tensor through(const Tensor& mask, const Tensor& x) { return where(mask == 0, 0, mask * x); }

}  // namespace

MaskedModule::MaskedModule(const char* op, double drop_rate, Rng& rng)
    : rate(xtape::detail::require_in(op, "rate", drop_rate, 0.0, 1.0)),
      stream_(buffer("stream", tensor({rng.integer(0, std::numeric_limits<std::int64_t>::max()),
                                       std::int64_t{0}}))) {
  set_torch_layout("stream", TorchLayout::absent);
}

Tensor MaskedModule::masked(const Tensor& x) const {
  return xtape::detail::dropout(x, rate, xtape::detail::next_in_stream(stream_));
}

Tensor MaskedModule::mask(const Shape& shape, const Tensor& x) const {
  const Tensor whole = ones(shape, x.dtype());
  return masked(xtape::detail::level_of(x) > 0 ? xtape::detail::mapped_like(whole, x.detach())
                                               : whole);
}

Dropout::Dropout(double drop_rate, Rng& rng) : MaskedModule("dropout", drop_rate, rng) {
  describe("Dropout", detail::Arguments(rate).text);
}

Tensor Dropout::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return idle() ? in : masked(in); });
}

template <int axes>
ChannelDropout<axes>::ChannelDropout(double drop_rate, Rng& rng)
    : MaskedModule("dropout", drop_rate, rng) {
  describe(detail::per_axes("Dropout", axes), detail::Arguments(rate).text);
}

template <int axes>
Tensor ChannelDropout<axes>::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    xtape::detail::require_defined("dropout", "x", in);
    if (in.rank() != axes + 1 && in.rank() != axes + 2) {
      throw ShapeError("dropout: [n, c, extents...] of " + std::to_string(axes) +
                       " axes is needed, or one image; got " + in.describe());
    }
    if (!is_floating(in.dtype()))
      throw DtypeError("dropout: the input must be floating; got " + in.describe());
    if (idle()) return in;
    Shape channels = in.shape();
    for (int axis = in.rank() - axes; axis < in.rank(); ++axis) channels[axis] = 1;
    return through(mask(channels, in), in);
  });
}

template struct ChannelDropout<1>;
template struct ChannelDropout<2>;
template struct ChannelDropout<3>;

AlphaDropout::AlphaDropout(double drop_rate, Rng& rng)
    : MaskedModule("alpha_dropout", drop_rate, rng) {
  describe("AlphaDropout", detail::Arguments(rate).text);
}

Tensor AlphaDropout::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    if (idle()) return in;
    if (rate == 1) return masked(in);  // zeros: there is nothing whose variance could be kept
    if (!is_floating(in.dtype()))
      throw DtypeError("alpha_dropout: the input must be floating; got " + in.describe());
    constexpr double low = -1.7580993408473768;  // selu(-inf)
    const double scale = 1 / std::sqrt((1 - rate) * (1 + rate * low * low));
    return scale * where(mask(in.shape(), in) == 0, low, in) - scale * rate * low;
  });
}

StochasticDepth::StochasticDepth(double drop_rate, const StochasticDepthOptions& options, Rng& rng)
    : MaskedModule("stochastic_depth", drop_rate, rng), mode_(options.mode) {
  describe(
      "StochasticDepth",
      detail::Arguments(rate)("mode", std::string(mode_ == DropMode::row ? "row" : "batch"), "row")
          .text);
}

Tensor StochasticDepth::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    xtape::detail::require_defined("stochastic_depth", "x", in);
    if (in.rank() == 0)
      throw ShapeError("stochastic_depth: examples [n, ...] are needed; got " + in.describe());
    if (!is_floating(in.dtype()))
      throw DtypeError("stochastic_depth: the input must be floating; got " + in.describe());
    if (idle()) return in;
    Shape shape;
    for (int axis = 0; axis < in.rank(); ++axis)
      shape.push_back(axis == 0 && mode_ == DropMode::row ? in.extent(0) : 1);
    if (mode_ == DropMode::row) return through(mask(shape, in), in);
    const BatchPart whole(0, 1, 1);
    return through(mask(shape, in), in);
  });
}

}  // namespace xtape::nn
