#include <cmath>
#include <numbers>

#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/nn/likelihood_loss.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {
namespace {

/// The greater of x and a limit, with the derivative of x also below it.
struct AtLeast {
  static constexpr OpInfo info{.name = "gaussian_nll_loss", .surrogate = true};
  double limit;

  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    return where(x < limit, limit, x);
  }
  void vjp(Tensor g, const Send& send) const { send(0, std::move(g)); }
  Tensor jvp(const Tangents& t) const { return t[0]; }
  Tensor batch(const Examples& x) const { return apply(AtLeast(*this), x[0]); }
};

}  // namespace

Tensor kl_divergence(const Tensor& log_probabilities, const Tensor& targets,
                     const KLDivergenceOptions& options) {
  const char* const op = "kl_divergence";
  detail::check_same_shape(op, "log_probabilities", log_probabilities, targets);
  detail::check_floating(op, "log_probabilities", log_probabilities);
  detail::check_floating(op, "targets", targets);
  const int axis = normalize_axis(op, options.axis, targets.rank());
  if (!options.log_target) detail::check_probabilities(op, targets);
  const Tensor given = targets.to(log_probabilities.dtype());
  const Tensor p = options.log_target ? exp(given) : given;
  const Tensor log_p = options.log_target ? given : log(where(p == 0, 1, p));
  Tensor losses = sum(detail::weighted(p, log_p - log_probabilities), axis);
  switch (options.reduction) {
    case Reduction::mean: return mean(losses);
    case Reduction::sum: return sum(losses);
    default: return losses;
  }
}

Tensor gaussian_nll_loss(const Tensor& means, const Tensor& targets, const Tensor& variances,
                         const GaussianNLLOptions& options) {
  const char* const op = "gaussian_nll_loss";
  detail::check_same_shape(op, "means", means, targets);
  detail::check_same_shape(op, "variances", variances, targets);
  detail::check_floating(op, "means", means);
  detail::check_floating(op, "variances", variances);
  xtape::detail::require_positive_eps(op, options.eps, means.dtype());
  detail::check_not_negative(op, "variances", variances);
  const Tensor error = targets.to(means.dtype()) - means;
  const Tensor variance = apply(AtLeast{options.eps}, variances.to(means.dtype()));
  const Tensor losses = 0.5 * (log(variance) + square(error / sqrt(variance)));
  const double constant = options.full ? 0.5 * std::log(2 * std::numbers::pi) : 0;
  return detail::reduced(losses + constant, options.reduction);
}

Tensor poisson_nll_loss(const Tensor& predictions, const Tensor& targets,
                        const PoissonNLLOptions& options) {
  const char* const op = "poisson_nll_loss";
  detail::check_same_shape(op, "predictions", predictions, targets);
  detail::check_floating(op, "predictions", predictions);
  xtape::detail::require_positive_eps(op, options.eps, predictions.dtype());
  detail::check_not_negative(op, "targets", targets);
  const Tensor t = targets.to(predictions.dtype());
  Tensor losses = options.log_input ? exp(predictions) - times(t, predictions)
                                    : predictions - t * log(predictions + options.eps);
  if (options.full) {
    const Tensor large = where(t > 1, t, 1);
    const Tensor log_factorial =
        large * log(large) - large + 0.5 * log(2 * std::numbers::pi * large);
    losses = losses + where(t > 1, log_factorial, 0);
  }
  return detail::reduced(losses, options.reduction);
}

}  // namespace xtape::nn
