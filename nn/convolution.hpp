#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/channels.hpp>
#include <xtape/nn/init.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/convolution.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct ConvOptions {
  PerAxis stride = 1;              ///< from window to window
  ConvolutionPadding padding = 0;  ///< zeros around the image; ConvolutionPadding::same
  PerAxis dilation = 1;            ///< from tap to tap
  std::int64_t groups = 1;         ///< as many as there are channels: depthwise
  bool bias = true;
  Channels channels = Channels::first;
  double weight_l1 = 0;  ///< factors of the penalties, see Module::regularization_loss
  double weight_l2 = 0;
  init::Initializer weight_init = init::glorot_uniform();  ///< of [kernel..., inputs, outputs]
  init::Initializer bias_init = init::zeros();
  Dtype dtype = default_dtype();
};

/// Convolutional layer over images of `axes` axes: see `convolution`.
///   x [n, inputs, in...]   ->   y [n, outputs, out...], in the dtype of the parameters; or one image;
///   with channels last [n, in..., inputs]   ->   [n, out..., outputs], the weight as ever
///   `nn::Conv2d(3, 16, 3, {.padding = 1})`
/// Throws ValueError for channels or a kernel below 1 and groups that do not divide both.
template <int axes>
struct Conv : Module {
  Conv(std::int64_t inputs, std::int64_t outputs, const PerAxis& kernel,
       const ConvOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
  /// The same with another weight in the place of its own.
  Tensor with_weight(const Tensor& other, const Tensor& x) const;

  Parameter weight, bias;  // [outputs, inputs / groups, kernel...], [outputs] or undefined

 private:
  ConvolutionOptions options_;
  Channels channels_;
};
using Conv1d = Conv<1>;
using Conv2d = Conv<2>;
using Conv3d = Conv<3>;

struct ConvTransposeOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis output_padding = 0;  ///< added behind the result
  PerAxis dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  Channels channels = Channels::first;
  double weight_l1 = 0;
  double weight_l2 = 0;
  init::Initializer weight_init = init::glorot_uniform();  ///< of [kernel..., inputs, outputs]
  init::Initializer bias_init = init::zeros();
  Dtype dtype = default_dtype();
};

/// Transposed convolutional layer: see `transposed_convolution`.
///   x [n, inputs, in...]   ->   y [n, outputs, out...]
/// Throws as Conv.
template <int axes>
struct ConvTranspose : Module {
  ConvTranspose(std::int64_t inputs, std::int64_t outputs, const PerAxis& kernel,
                const ConvTransposeOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
  /// The same with another weight in the place of its own.
  Tensor with_weight(const Tensor& other, const Tensor& x) const;

  Parameter weight, bias;  // [inputs, outputs / groups, kernel...], [outputs] or undefined

 private:
  TransposedConvolutionOptions options_;
  Channels channels_;
};
using ConvTranspose1d = ConvTranspose<1>;
using ConvTranspose2d = ConvTranspose<2>;
using ConvTranspose3d = ConvTranspose<3>;

}  // namespace xtape::nn

XTAPE_EXPORT_END
