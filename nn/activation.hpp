#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/softmax.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// A function of one tensor as a module, for Sequential. What it computes, its derivative and its
/// errors: see the function.
template <Tensor (*function)(const Tensor&)>
struct Activation : Module {
  Tensor operator()(const Tensor& x) const { return call(x, function); }
};

struct ReLU : Activation<relu> {};
struct SiLU : Activation<silu> {};
struct Sigmoid : Activation<sigmoid> {};
struct Softplus : Activation<softplus> {};
struct Tanh : Activation<tanh> {};

/// x for x > 0, negative_slope x elsewhere. Throws ValueError for a slope that is not finite.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double negative_slope = 0.01)
      : negative_slope_(
            xtape::detail::require_finite("leaky_relu", "negative_slope", negative_slope)) {
    describe("LeakyReLU", xtape::detail::text(negative_slope));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return leaky_relu(in, negative_slope_); });
  }

 private:
  double negative_slope_;
};

/// x for x > 0, alpha (exp(x) - 1) elsewhere. Throws ValueError for an alpha that is not finite.
class ELU : public Module {
 public:
  explicit ELU(double alpha = 1) : alpha_(xtape::detail::require_finite("elu", "alpha", alpha)) {
    describe("ELU", xtape::detail::text(alpha));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return elu(in, alpha_); });
  }

 private:
  double alpha_;
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
