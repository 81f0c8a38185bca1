#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Initial values for weights [inputs, outputs], and of convolutions [kernel..., inputs, outputs],
/// where the inputs of a group count, as often as a window has taps.
namespace xtape::nn::init {

/// How many numbers go into one of a layer, and how many one of them goes into.
struct Fans {
  double inputs = 0, outputs = 0;
  /// Of a weight [..., inputs, outputs]; the axes in front count to both.
  /// Throws ShapeError for less than two axes.
  static Fans of(const Shape& shape);
};

/// Makes a tensor's initial values: a function of shape, dtype and generator; or of the fans of the
/// layer too, which a bias does not have by itself.
class Initializer {
 public:
  template <class F>
  requires std::is_invocable_r_v<Tensor, const F&, const Shape&, Dtype, Rng&> Initializer(F f)
      : function_([f = std::move(f)](const Shape& shape, Dtype dtype, Rng& rng, const Fans*) {
          return f(shape, dtype, rng);
        }) {}
  template <class F>
  requires std::is_invocable_r_v<Tensor, const F&, const Shape&, Dtype, Rng&, const Fans&>
  Initializer(F f)
      : function_([f = std::move(f)](const Shape& shape, Dtype dtype, Rng& rng, const Fans* fans) {
          return f(shape, dtype, rng, fans == nullptr ? Fans::of(shape) : *fans);
        }) {}

  /// Of a weight, whose shape has the fans. Throws ShapeError or DtypeError if the function gives
  /// something else, ValueError if nothing.
  Tensor operator()(const Shape& shape, Dtype dtype, Rng& rng) const {
    return checked(function_(shape, dtype, rng, nullptr), shape, dtype);
  }
  Tensor operator()(const Shape& shape, Dtype dtype, Rng& rng, const Fans& fans) const {
    return checked(function_(shape, dtype, rng, &fans), shape, dtype);
  }

 private:
  static Tensor checked(Tensor values, const Shape& shape, Dtype dtype);

  std::function<Tensor(const Shape&, Dtype, Rng&, const Fans*)> function_;
};

Initializer zeros();
Initializer ones();
Initializer constant(double value);

/// stddev times standard normal numbers. Throws ValueError for a negative or infinite stddev.
Initializer normal(double stddev);
/// Numbers from [-limit, limit).
Initializer uniform(double limit);

struct TruncatedNormalOptions {
  double mean = 0;
  double stddev = 1;
  double low = -2;  ///< what lies outside is drawn anew
  double high = 2;
};
/// Normal numbers between two limits. Throws ValueError for a stddev that is not above 0 and
/// finite, limits that are not low < high, and those with less than 1e-12 of all numbers between
/// them.
Initializer truncated_normal(const TruncatedNormalOptions& options = {});

/// Which of the fans a variance is divided by: their mean for `average`.
enum class FanMode { inputs, outputs, average };

struct HeOptions {
  FanMode mode = FanMode::inputs;
  double gain = 1.4142135623730951;  ///< see `gain`; this is relu's
};
/// Normal, or uniform, with variance gain² / inputs: keeps the variance of ReLU activations.
/// Throws ValueError for a gain that is negative or not finite.
/// Source: He et al., Delving Deep into Rectifiers (2015), section 2.2.
Initializer he_normal(const HeOptions& options = {});
Initializer he_uniform(const HeOptions& options = {});

/// Normal, or uniform, with variance 2 gain² / (inputs + outputs).
/// Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
/// networks (2010), section 4.2.
Initializer glorot_normal(double gain = 1);
Initializer glorot_uniform(double gain = 1);

/// Normal, or uniform, with variance 1 / inputs: for selu.
/// Source: LeCun et al., Efficient BackProp (1998), section 4.6.
Initializer lecun_normal();
Initializer lecun_uniform();

/// A matrix with orthonormal columns, or rows if there are more outputs than inputs, times a gain;
/// axes in front count as inputs.
/// Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2014), section 3; by
/// the QR decomposition of a normal matrix, its signs chosen so that all such matrices are equally
/// probable.
Initializer orthogonal(double gain = 1);

/// Normal numbers, but for a share of the inputs of each output, rounded up, which are 0.
/// Throws ValueError unless 0 <= sparsity <= 1.
/// Source: Martens, Deep learning via Hessian-free optimization (2010), section 5.
Initializer sparse(double sparsity, double stddev = 0.01);

/// y = x: ones on the diagonal of [inputs, outputs]; of a convolution in the middle of its windows
/// (PyTorch's `dirac_`), for each group by itself if there are several.
/// Throws ValueError unless the groups divide the outputs.
Initializer identity(std::int64_t groups = 1);

/// What an activation is to be multiplied by so that it keeps the variance of its inputs, as
/// PyTorch's `calculate_gain`: 1 of linear and sigmoid, 5 / 3 of tanh, sqrt(2) of relu, sqrt(2 / (1
/// + s²)) of leaky_relu with slope s, 3 / 4 of selu.
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
double gain(Nonlinearity of, double negative_slope = 0.01);

/// Uniform in ±1 / sqrt(fan), of weights and of biases: PyTorch's own for linear layers and
/// convolutions; for transposed ones by the outputs, as there.
Initializer torch_uniform(FanMode mode = FanMode::inputs);

}  // namespace xtape::nn::init

XTAPE_EXPORT_END
