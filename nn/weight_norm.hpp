#pragma once
#include <cstdint>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/nn/convolution.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/matmul.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

namespace detail {
/// The axis of a weight along which a layer's outputs lie, and that of PyTorch's normalizations:
/// there a transposed convolution has one length for each of its inputs.
template <class Layer>
inline constexpr std::int64_t output_axis = 0;
template <>
inline constexpr std::int64_t output_axis<Dense> = 1;
template <int axes>
inline constexpr std::int64_t output_axis<ConvTranspose<axes>> = 1;
template <class Layer>
inline constexpr std::int64_t length_axis = 0;
template <>
inline constexpr std::int64_t length_axis<Dense> = 1;

/// The lengths of the parts of a weight along an axis, which stay with the extent they have: [1,
/// outputs].
Tensor lengths(const Tensor& weight, std::int64_t axis);
}  // namespace detail

/// A layer with the weight  w = g v / |v|, lengths and directions learnt apart, one length for each
/// output: `nn::WeightNorm(nn::Dense(64, 32))`. Of a Dense or a convolution.
/// v is the layer's own weight, "layer.weight" of the state (PyTorch's
/// `parametrizations.weight.original1`), g a parameter "g" (`original0`), at first |v|.
/// Source: Salimans and Kingma, Weight Normalization (2016), equation 2.
template <class Layer>
struct WeightNorm : Module {
  explicit WeightNorm(Layer wrapped)
      : layer(child("layer", std::move(wrapped))),
        g(parameter("g",
                    detail::lengths(layer.weight.detach(), detail::length_axis<Layer>).clone())) {
    if (detail::length_axis<Layer> == 1) set_torch_layout("g", TorchLayout::transposed);
    set_torch_name("g", "parametrizations.weight.original0");
    set_torch_name("layer.weight", "parametrizations.weight.original1");
    set_torch_name("layer.", "");
    describe("WeightNorm", "");
  }

  /// The weight that the layer gets.
  Tensor weight() const {
    const Tensor& v = layer.weight;
    return v * (g / detail::lengths(v, detail::length_axis<Layer>));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return layer.with_weight(weight(), in); });
  }

  Layer layer;
  Parameter g;
};

struct SpectralNormOptions {
  std::int64_t iterations =
      1;               ///< of the power method, each time that the layer is used in training
  double eps = 1e-12;  ///< the least length
};

namespace detail {
/// The weight as a matrix, a row for each output.
Tensor matrix_of(const Tensor& weight, std::int64_t axis);
/// Both vectors of the greatest singular value, after so many steps of the power method.
void iterate_power(const Tensor& matrix, Tensor& u, Tensor& v, const SpectralNormOptions& options,
                   std::int64_t iterations);
void check_spectral_norm(const SpectralNormOptions& options);
}  // namespace detail

/// A layer with the weight  w = v / s, s the greatest singular value of v as a matrix with a row
/// for each output: `nn::SpectralNorm(nn::Conv2d(8, 8, 3))`. s = u' v w by the power method, whose
/// vectors are constants of the derivative, and buffers "_u" and "_v", which are assigned in
/// training.
/// Throws ValueError for less than one iteration and an eps that is not above 0.
/// Source: Miyato et al., Spectral Normalization for Generative Adversarial Networks (2018),
/// algorithm 1.
template <class Layer>
struct SpectralNorm : Module {
  explicit SpectralNorm(Layer wrapped, const SpectralNormOptions& options = {},
                        Rng& rng = default_rng())
      : layer(child("layer", std::move(wrapped))), options_(options) {
    detail::check_spectral_norm(options);
    const Tensor rows = detail::matrix_of(layer.weight.detach(), detail::output_axis<Layer>);
    Tensor first = rng.randn({rows.extent(0)}, rows.dtype());
    Tensor second = rng.randn({rows.extent(1)}, rows.dtype());
    detail::iterate_power(rows, first, second, options, 15);
    u = buffer("_u", first);
    v = buffer("_v", second);
    set_torch_name("_u", "parametrizations.weight.0._u");
    set_torch_name("_v", "parametrizations.weight.0._v");
    set_torch_name("layer.weight", "parametrizations.weight.original");
    set_torch_name("layer.", "");
    describe("SpectralNorm", "");
  }

  /// The weight that the layer gets in evaluation.
  Tensor weight() const { return weight(u.detach(), v.detach()); }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      if (!training()) return layer.with_weight(weight(), in);
      Tensor first = u.detach(), second = v.detach();
      detail::iterate_power(detail::matrix_of(layer.weight.detach(), detail::output_axis<Layer>),
                            first, second, options_, options_.iterations);
      const Tensor y = layer.with_weight(weight(first, second), in);
      u.assign(first);  // once it is known that x fits
      v.assign(second);
      return y;
    });
  }

  Layer layer;
  Buffer u, v;

 private:
  Tensor weight(const Tensor& first, const Tensor& second) const {
    const Tensor rows = detail::matrix_of(layer.weight, detail::output_axis<Layer>);
    return layer.weight / matmul(matmul(first, rows), second);
  }

  SpectralNormOptions options_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
