#pragma once
#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/shape.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Probability distributions are values that hold their parameters, tensors that broadcast or
/// numbers; integers among them are taken as float64. Of each
///   `log_prob(x)` is the logarithm of the density, or of the probability, at each x, which broadcasts
///   with the parameters: differentiable by them to any order, by x too unless that is discrete. Outside
///   of what can be drawn it is -inf with gradient 0, at the ends of that SciPy's; NaN stays NaN.
///   `sample(rng, shape)` are draws, [shape..., batch_shape()...], a vector's components behind that; a
///   constant. They are NumPy's by the legacy generator, `RandomState`, with that size; float32 ones are
///   the float64 ones rounded.
///   `rsample(rng, shape)` are such draws as a function of the parameters, to which gradients pass.
///   `mean()`, `variance()` and `entropy()`, where there is a formula, are of `batch_shape()`.
/// Constructors throw ShapeError unless the parameters broadcast, ValueError for one out of range,
/// DtypeError for truth values. Within `vmap`, what is drawn by numbers alone is the same for all
/// examples; where parameters decide how many numbers are drawn they cannot differ.
namespace xtape::distributions {

/// The normal distribution. Draws are RandomState.normal(loc, scale).
///   log_prob = -z² / 2 - log(scale) - log(2 pi) / 2,  z = (x - loc) / scale
/// Throws ValueError unless the scale is finite and above 0.
struct Normal {
  Normal(const Tensor& loc, const Tensor& scale);
  Tensor loc, scale;

  static constexpr int event_rank = 0;  ///< axes of one draw
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// How vectors are spread: just one of a positive definite matrix and its lower Cholesky factor, of
/// which that triangle is read. [..., n, n]
struct Spread {
  Tensor covariance = {};
  Tensor scale_tril = {};
};

/// The normal distribution of vectors [..., n]: `MultivariateNormal(loc, {.covariance = c})`. The
/// covariance is factorised when the distribution is made; variance() is its diagonal. Draws are
/// loc + l z for z of RandomState.standard_normal; NumPy's own go by another factor.
///   log_prob = -|z|² / 2 - sum(log(diagonal l)) - n log(2 pi) / 2,  z = l⁻¹ (x - loc),  l lᵀ = covariance
/// Throws ValueError unless the diagonal of l is finite and above 0, as `linalg::cholesky`, and
/// unless one of the two is given; ShapeError for an x that is not [..., n].
struct MultivariateNormal {
  MultivariateNormal(const Tensor& loc, const Spread& spread);
  Tensor loc, scale_tril;

  static constexpr int event_rank = 1;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor covariance() const;
  Tensor entropy() const;
};

/// Student's t distribution with df degrees of freedom. The mean is NaN for df up to 1; so is the
/// variance, and infinite for df up to 2. Draws are RandomState.standard_t(df) scale + loc; rsample
/// passes gradients to df by way of a gamma variable, as `Gamma` does.
///   log_prob = -(df + 1) / 2 log(1 + z² / df) - log(beta(1/2, df / 2)) - log(df) / 2 - log(scale)
///   for z = (x - loc) / scale
/// Throws ValueError unless df and scale are finite and above 0.
struct StudentT {
  explicit StudentT(const Tensor& df, const Tensor& loc = 0, const Tensor& scale = 1);
  Tensor df, loc, scale;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// The exponential distribution of a rate, 1 / scale. Draws are RandomState.exponential(1 / rate).
///   log_prob = log(rate) - rate x
/// Throws ValueError unless the rate is finite and above 0.
struct Exponential {
  explicit Exponential(const Tensor& rate);
  Tensor rate;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// The gamma distribution of a concentration, its shape, and a rate, 1 / scale. Draws are
/// RandomState.gamma(concentration, 1 / rate). In rsample a draw keeps its probability P as the
/// concentration changes, to order 4; one that underflows to 0, as many do for concentrations below
/// 0.01, stays there.
///   log_prob = log(rate) + (concentration - 1) log(z) - z - lgamma(concentration),  z = rate x
///   dz = -(dP / d(concentration)) / (dP / dz) of a draw,  P = gammainc(concentration, z)
/// Source: Figurnov, Mohamed & Mnih, Implicit reparameterization gradients (2018).
/// Throws ValueError unless both are finite and above 0.
struct Gamma {
  Gamma(const Tensor& concentration, const Tensor& rate);
  Tensor concentration, rate;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// The beta distribution. Draws are RandomState.beta(a, b); those of rsample are others, u / (u +
/// v) for gamma variables u and v, which are drawn as their logarithms and so do not underflow.
///   log_prob = (a - 1) log(x) + (b - 1) log(1 - x) - log(beta(a, b))
/// Throws ValueError unless both are finite and above 0.
struct Beta {
  Beta(const Tensor& a, const Tensor& b);
  Tensor a, b;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor rsample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// Just one of probabilities and what has them as sigmoid, or softmax: `Bernoulli({.logits = x})`.
struct Odds {
  Tensor logits = {};
  Tensor probs = {};
};

/// True with probability p. Draws are boolean, RandomState.random_sample() < p. x may be boolean or
/// numbers, and has no gradient. What is given as logits is computed without forming p.
///   log_prob = x log(p) + (1 - x) log(1 - p)
/// Throws ValueError unless probabilities lie in [0, 1], and unless one of the two is given.
struct Bernoulli {
  explicit Bernoulli(const Odds& given);
  Odds given;
  Tensor logits() const;
  Tensor probs() const;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
  Tensor entropy() const;
};

/// One of k categories, those of the last axis, [..., k]. Probabilities are divided by their sum.
/// Draws are int64, RandomState.choice(k, p = probs). x is int64, and has no gradient. Relaxed
/// draws are points between the categories, [..., k], that gradients pass through; near to one
/// where the temperature is low.
///   log_prob = log_softmax(logits) at x, or log(probs) at x
///   relaxed_sample = softmax((logits + z) / temperature),  z of RandomState.gumbel
/// Source: Jang, Gu & Poole, Categorical reparameterization with Gumbel-softmax (2017).
/// Throws ShapeError unless there are categories, ValueError unless probabilities are finite and
/// not negative, for those whose sum is 0, unless one of the two is given, and unless the
/// temperature is finite and above 0; when drawn for logits that are NaN or all -inf; DtypeError
/// for an x that is not int64.
struct Categorical {
  explicit Categorical(const Odds& given);
  Odds given;
  Tensor logits() const;  ///< the logarithms of the probabilities
  Tensor probs() const;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor relaxed_sample(Rng& rng, double temperature, const Shape& shape = {}) const;
  Tensor entropy() const;
};

/// Counts of events of which `rate` are expected. Draws are int64, RandomState.poisson(rate). x may
/// be of any dtype, and has no gradient.
///   log_prob = x log(rate) - rate - lgamma(x + 1)
/// Throws ValueError unless the rate is finite and not negative, and for a draw as `Rng::poisson`.
struct Poisson {
  explicit Poisson(const Tensor& rate);
  Tensor rate;

  static constexpr int event_rank = 0;
  Shape batch_shape() const;
  Tensor log_prob(const Tensor& x) const;
  Tensor sample(Rng& rng, const Shape& shape = {}) const;
  Tensor mean() const;
  Tensor variance() const;
};

namespace detail {
/// The weights of a mixture, one for each component, and what is made of them.
struct MixtureWeights : Categorical {
  /// `axes` are those of a draw of a component.
  MixtureWeights(const Categorical& weights, const Shape& components, int axes);
  int event_axes;

  Tensor for_components(const Tensor& x) const;
  Tensor log_prob_of(const Tensor& log_probs) const;
  Tensor chosen(const Tensor& places, const Tensor& draws) const;
  Tensor mean_of(const Tensor& means) const;
  Tensor variance_of(const Tensor& means, const Tensor& variances) const;
};
}  // namespace detail

/// One of k components, the last axis of the batch of a distribution, by weights [..., k] that
/// broadcast to it: `Mixture(Categorical({.logits = w}), Normal(loc, scale))`. Draws are those of
/// the weights, and then one of each component.
///   log_prob = logsumexp(log(weights) + log_prob of each component)
/// Throws ShapeError unless there is a weight for each component.
template <class Component>
struct Mixture {
  Mixture(const Categorical& of, const Component& each)
      : weights(of, each.batch_shape(), event_rank), components(each) {}
  detail::MixtureWeights weights;  ///< a Categorical
  Component components;

  static constexpr int event_rank = Component::event_rank;
  Shape batch_shape() const { return weights.batch_shape(); }
  Tensor log_prob(const Tensor& x) const {
    return weights.log_prob_of(components.log_prob(weights.for_components(x)));
  }
  Tensor sample(Rng& rng, const Shape& shape = {}) const {
    const Tensor places = weights.sample(rng, shape);
    return weights.chosen(places, components.sample(rng, shape));
  }
  Tensor mean() const { return weights.mean_of(components.mean()); }
  Tensor variance() const { return weights.variance_of(components.mean(), components.variance()); }
};

/// The Kullback-Leibler divergence of q from p, the mean of log(p(x) / q(x)) over draws x of p: of
/// the shape to which both batches broadcast, differentiable to any order.
[[nodiscard]] Tensor kl_divergence(const Normal& p, const Normal& q);
[[nodiscard]] Tensor kl_divergence(const MultivariateNormal& p, const MultivariateNormal& q);
[[nodiscard]] Tensor kl_divergence(const Exponential& p, const Exponential& q);
[[nodiscard]] Tensor kl_divergence(const Gamma& p, const Gamma& q);
[[nodiscard]] Tensor kl_divergence(const Beta& p, const Beta& q);
[[nodiscard]] Tensor kl_divergence(const Bernoulli& p, const Bernoulli& q);
[[nodiscard]] Tensor kl_divergence(const Categorical& p, const Categorical& q);

}  // namespace xtape::distributions

XTAPE_EXPORT_END
