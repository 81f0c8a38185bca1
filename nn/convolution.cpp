#include <string>
#include <vector>

#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/convolution.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {
namespace {

void check_padding(const ConvOptions& options, int axes) {
  if (!options.padding.is_same())
    static_cast<void>(options.padding.width().of("conv", "padding", axes, 0));
}
void check_padding(const ConvTransposeOptions& options, int axes) {
  static_cast<void>(options.padding.of("conv_transpose", "padding", axes, 0));
  static_cast<void>(options.output_padding.of("conv_transpose", "output_padding", axes, 0));
}

std::string shown(Channels channels) { return channels == Channels::last ? "last" : "first"; }

/// Initial weights [first, second, kernel...] of [kernel..., fan in, fan out], which initializers
/// know, once all options fit.
template <class Options>
Tensor initial_weight(const char* op, std::int64_t inputs, std::int64_t outputs,
                      const PerAxis& kernel, int axes, bool transposed, const Options& options,
                      Rng& rng) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>(op, "inputs", inputs, 1);
  require_at_least<std::int64_t>(op, "outputs", outputs, 1);
  require_at_least<std::int64_t>(op, "groups", options.groups, 1);
  xtape::detail::require(inputs % options.groups == 0 && outputs % options.groups == 0, op,
                         "groups", "divide inputs and outputs", options.groups);
  detail::check_penalty(options.weight_l1, options.weight_l2);
  static_cast<void>(options.stride.of(op, "stride", axes, 1));
  static_cast<void>(options.dilation.of(op, "dilation", axes, 1));
  check_padding(options, axes);
  const auto extents = kernel.of(op, "kernel", axes, 1);
  std::vector<std::int64_t> shape(extents.end() - axes, extents.end()), order;
  shape.push_back(transposed ? inputs : inputs / options.groups);
  shape.push_back(transposed ? outputs / options.groups : outputs);
  order = {transposed ? axes : axes + 1, transposed ? axes + 1 : axes};
  for (std::int64_t axis = 0; axis < axes; ++axis) order.push_back(axis);
  return transpose(options.weight_init(Shape(shape), options.dtype, rng), order).contiguous();
}

/// Of a weight [outputs, inputs, kernel...], or of a transposed one [inputs, outputs, kernel...].
init::Fans fans_of(const Tensor& weight, bool transposed) {
  const std::int64_t taps = weight.size() / (weight.extent(0) * weight.extent(1));
  const auto fan = [&](int axis) { return static_cast<double>(weight.extent(axis) * taps); };
  return {fan(transposed ? 0 : 1), fan(transposed ? 1 : 0)};
}

}  // namespace

template <int axes>
Conv<axes>::Conv(std::int64_t inputs, std::int64_t outputs, const PerAxis& kernel,
                 const ConvOptions& options, Rng& rng)
    : weight(parameter("weight",
                       initial_weight("conv", inputs, outputs, kernel, axes, false, options, rng))),
      options_{options.stride, options.padding, options.dilation, options.groups},
      channels_(options.channels) {
  if (options.bias)
    bias =
        parameter("bias", options.bias_init({outputs}, options.dtype, rng, fans_of(weight, false)));
  penalize(weight, options.weight_l1, options.weight_l2);
  describe(detail::per_axes("Conv", axes),
           detail::Arguments(inputs, outputs, kernel)("stride", options.stride, 1)(
               "padding", options.padding, 0)("dilation", options.dilation, 1)(
               "groups", options.groups, 1)("bias", options.bias, true)(
               "channels", shown(options.channels), "first")
               .text);
}

template <int axes>
Tensor Conv<axes>::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return with_weight(weight, in); });
}

template <int axes>
Tensor Conv<axes>::with_weight(const Tensor& other, const Tensor& x) const {
  const ErrorContext in = here();
  return detail::channels_first(x, axes, channels_, [&](const Tensor& images) {
    return bias.defined() ? convolution(images, other, bias, options_)
                          : convolution(images, other, options_);
  });
}

template <int axes>
ConvTranspose<axes>::ConvTranspose(std::int64_t inputs, std::int64_t outputs, const PerAxis& kernel,
                                   const ConvTransposeOptions& options, Rng& rng)
    : weight(parameter("weight", initial_weight("conv_transpose", inputs, outputs, kernel, axes,
                                                true, options, rng))),
      options_{options.stride, options.padding, options.output_padding, options.dilation,
               options.groups},
      channels_(options.channels) {
  if (options.bias)
    bias =
        parameter("bias", options.bias_init({outputs}, options.dtype, rng, fans_of(weight, true)));
  penalize(weight, options.weight_l1, options.weight_l2);
  describe(detail::per_axes("ConvTranspose", axes),
           detail::Arguments(inputs, outputs, kernel)("stride", options.stride, 1)(
               "padding", options.padding, 0)("output_padding", options.output_padding, 0)(
               "dilation", options.dilation, 1)("groups", options.groups, 1)(
               "bias", options.bias, true)("channels", shown(options.channels), "first")
               .text);
}

template <int axes>
Tensor ConvTranspose<axes>::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return with_weight(weight, in); });
}

template <int axes>
Tensor ConvTranspose<axes>::with_weight(const Tensor& other, const Tensor& x) const {
  const ErrorContext in = here();
  return detail::channels_first(x, axes, channels_, [&](const Tensor& images) {
    return bias.defined() ? transposed_convolution(images, other, bias, options_)
                          : transposed_convolution(images, other, options_);
  });
}

template struct Conv<1>;
template struct Conv<2>;
template struct Conv<3>;
template struct ConvTranspose<1>;
template struct ConvTranspose<2>;
template struct ConvTranspose<3>;

}  // namespace xtape::nn
