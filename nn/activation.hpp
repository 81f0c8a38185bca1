#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/activation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/softmax.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// A function of one tensor as a module, for Sequential. What it computes, its derivative and its
/// errors: see the function.
template <Tensor (*function)(const Tensor&)>
struct Activation : Module {
  Tensor operator()(const Tensor& x) const { return call(x, function); }
};

struct Hardsigmoid : Activation<hardsigmoid> {};
struct Hardswish : Activation<hardswish> {};
struct LogSigmoid : Activation<log_sigmoid> {};
struct Mish : Activation<mish> {};
struct ReLU : Activation<relu> {};
struct ReLU6 : Activation<relu6> {};
struct SELU : Activation<selu> {};
struct SiLU : Activation<silu> {};
struct Sigmoid : Activation<sigmoid> {};
struct Softsign : Activation<softsign> {};
struct Tanh : Activation<tanh> {};

struct SoftplusOptions {
  double beta = 1;  ///< the greater, the nearer to relu
};

/// log(1 + exp(beta x)) / beta, for x of any size. Throws ValueError unless beta is finite and
/// above 0.
class Softplus : public Module {
 public:
  explicit Softplus(const SoftplusOptions& options = {});
  Tensor operator()(const Tensor& x) const;

 private:
  double beta_;
};

/// x for x > 0, negative_slope x elsewhere. Throws ValueError for a slope that is not finite.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double negative_slope = 0.01);
  Tensor operator()(const Tensor& x) const;

 private:
  double negative_slope_;
};

/// x for x > 0, alpha (exp(x) - 1) elsewhere. Throws ValueError for an alpha that is not finite.
class ELU : public Module {
 public:
  explicit ELU(double alpha = 1);
  Tensor operator()(const Tensor& x) const;

 private:
  double alpha_;
};

/// elu with a slope that is continuous for each alpha. Throws ValueError unless alpha is finite and
/// above 0.
class CELU : public Module {
 public:
  explicit CELU(double alpha = 1);
  Tensor operator()(const Tensor& x) const;

 private:
  double alpha_;
};

/// 0 where |x| <= lambda, x elsewhere. Throws ValueError for a lambda that is negative or not
/// finite.
class Hardshrink : public Module {
 public:
  explicit Hardshrink(double lambda = 0.5);
  Tensor operator()(const Tensor& x) const;

 private:
  double lambda_;
};

/// The same, x brought nearer to 0 by lambda.
class Softshrink : public Module {
 public:
  explicit Softshrink(double lambda = 0.5);
  Tensor operator()(const Tensor& x) const;

 private:
  double lambda_;
};

/// x limited to [low, high]. Throws ValueError unless low <= high.
class Hardtanh : public Module {
 public:
  explicit Hardtanh(double low = -1, double high = 1);
  Tensor operator()(const Tensor& x) const;

 private:
  double low_, high_;
};

/// x where it is above a limit, elsewhere a value. Throws ValueError for a number that is not
/// finite.
class Threshold : public Module {
 public:
  Threshold(double limit, double value);
  Tensor operator()(const Tensor& x) const;

 private:
  double limit_, value_;
};

struct PReLUOptions {
  double init = 0.25;  ///< of each slope
  Dtype dtype = default_dtype();
};

/// leaky_relu with learnt slopes, one for all or one for each channel: see `prelu`.
/// Throws ValueError for less than one channel or an initial slope that is not finite.
struct PReLU : Module {
  explicit PReLU(std::int64_t channels = 1, const PReLUOptions& options = {});

  Tensor operator()(const Tensor& x) const;

  Parameter weight;  // [channels]
};

/// A function along an axis as a module.
template <Tensor (*function)(const Tensor&, std::int64_t)>
class AlongAxis : public Module {
 public:
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return function(in, axis_); });
  }

 protected:
  AlongAxis(const char* type, std::int64_t axis) : axis_(axis) {
    describe(type, axis == -1 ? "" : xtape::detail::text(axis));
  }

 private:
  std::int64_t axis_;
};

/// The first half of an axis times a gate that the second half opens: see `glu`.
struct GLU : AlongAxis<glu> {
  explicit GLU(std::int64_t axis = -1) : AlongAxis("GLU", axis) {}
};
struct ReGLU : AlongAxis<reglu> {
  explicit ReGLU(std::int64_t axis = -1) : AlongAxis("ReGLU", axis) {}
};
struct GEGLU : AlongAxis<geglu> {
  explicit GEGLU(std::int64_t axis = -1) : AlongAxis("GEGLU", axis) {}
};
struct SwiGLU : AlongAxis<swiglu> {
  explicit SwiGLU(std::int64_t axis = -1) : AlongAxis("SwiGLU", axis) {}
};
/// Probabilities along an axis, the greater the smaller x is.
struct Softmin : AlongAxis<softmin> {
  explicit Softmin(std::int64_t axis = -1) : AlongAxis("Softmin", axis) {}
};

struct GELUOptions {
  bool tanh_approximation = false;  ///< gelu_tanh, as in the models that were trained with it
};

/// x times the probability that a standard normal variable stays below x.
class GELU : public Module {
 public:
  explicit GELU(const GELUOptions& options = {}) : options_(options) {
    describe("GELU", options.tanh_approximation ? "tanh_approximation=true" : "");
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      return options_.tanh_approximation ? gelu_tanh(in) : gelu(in);
    });
  }

 private:
  GELUOptions options_;
};

/// Probabilities along an axis. Before `cross_entropy` it is not needed: that takes logits.
class Softmax : public Module {
 public:
  explicit Softmax(std::int64_t axis = -1) : axis_(axis) {
    describe("Softmax", xtape::detail::text(axis));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return softmax(in, axis_); });
  }

 private:
  std::int64_t axis_;
};

/// Logarithms of probabilities along an axis.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(std::int64_t axis = -1) : axis_(axis) {
    describe("LogSoftmax", xtape::detail::text(axis));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return log_softmax(in, axis_); });
  }

 private:
  std::int64_t axis_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
