#include <xtape/core/create.hpp>
#include <xtape/nn/activation.hpp>

namespace xtape::nn {
namespace {

std::int64_t checked(std::int64_t channels, double slope) {
  xtape::detail::require_finite("prelu", "init", slope);
  return xtape::detail::require_at_least<std::int64_t>("prelu", "channels", channels, 1);
}

}  // namespace

PReLU::PReLU(std::int64_t channels, const PReLUOptions& options)
    : weight(parameter("weight",
                       full({checked(channels, options.init)}, options.init, options.dtype))) {
  describe("PReLU", channels == 1 ? "" : xtape::detail::text(channels));
}

Softplus::Softplus(const SoftplusOptions& options)
    : beta_(xtape::detail::require_positive("softplus", "beta", options.beta)) {
  describe("Softplus", beta_ == 1 ? "" : "beta=" + xtape::detail::text(beta_));
}

Tensor Softplus::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    return beta_ == 1 ? softplus(in) : softplus(in * beta_) / beta_;
  });
}

LeakyReLU::LeakyReLU(double negative_slope)
    : negative_slope_(
          xtape::detail::require_finite("leaky_relu", "negative_slope", negative_slope)) {
  describe("LeakyReLU", xtape::detail::text(negative_slope));
}

Tensor LeakyReLU::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return leaky_relu(in, negative_slope_); });
}

ELU::ELU(double alpha) : alpha_(xtape::detail::require_finite("elu", "alpha", alpha)) {
  describe("ELU", xtape::detail::text(alpha));
}

Tensor ELU::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return elu(in, alpha_); });
}

CELU::CELU(double alpha) : alpha_(xtape::detail::require_positive("celu", "alpha", alpha)) {
  describe("CELU", xtape::detail::text(alpha));
}

Tensor CELU::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return celu(in, alpha_); });
}

Hardshrink::Hardshrink(double lambda)
    : lambda_(xtape::detail::require_not_negative("hardshrink", "lambda", lambda)) {
  describe("Hardshrink", xtape::detail::text(lambda));
}

Tensor Hardshrink::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return hardshrink(in, lambda_); });
}

Softshrink::Softshrink(double lambda)
    : lambda_(xtape::detail::require_not_negative("softshrink", "lambda", lambda)) {
  describe("Softshrink", xtape::detail::text(lambda));
}

Tensor Softshrink::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return softshrink(in, lambda_); });
}

Hardtanh::Hardtanh(double low, double high)
    : low_(xtape::detail::require(low <= high, "hardtanh", "low", "be at most high", low)),
      high_(high) {
  describe("Hardtanh", xtape::detail::text(low) + ", " + xtape::detail::text(high));
}

Tensor Hardtanh::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return hardtanh(in, low_, high_); });
}

Threshold::Threshold(double limit, double value)
    : limit_(xtape::detail::require_finite("threshold", "limit", limit)),
      value_(xtape::detail::require_finite("threshold", "value", value)) {
  describe("Threshold", xtape::detail::text(limit) + ", " + xtape::detail::text(value));
}

Tensor Threshold::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return threshold(in, limit_, value_); });
}

Tensor PReLU::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return prelu(in, weight); });
}

}  // namespace xtape::nn
