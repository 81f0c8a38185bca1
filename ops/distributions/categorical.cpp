#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/distributions/odds.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape::distributions {
namespace {

constexpr const char* name = "Categorical";

Tensor parameter(const Categorical& of) {
  const Tensor& given = parameter_of(of.given);
  return given.to(dtype_of({&given}));
}

Tensor total(const Tensor& probs) { return sum(probs, -1, {.keep_dims = true}); }

/// With axes of extent 1 in front.
Tensor of_rank(Tensor x, int rank) {
  while (x.rank() < rank) x = expand_dims(x, 0);
  return x;
}

/// x[..., place], the axes in front of it broadcast.
Tensor chosen(const Tensor& x, const Tensor& place) {
  const int rank = std::max(x.rank(), place.rank() + 1);
  return squeeze(take_along_axis(of_rank(x, rank), of_rank(expand_dims(place, -1), rank)), -1);
}

/// The sums of probabilities from the first to each, in rows of k; as NumPy forms them, the last
/// one is 1.
std::vector<double> cumulated(const Tensor& probs) {
  std::vector<double> sums = probs.to_vector<double>();
  const std::int64_t k = probs.extent(-1);
  for (auto row = sums.begin(); row != sums.end(); row += k) {
    std::partial_sum(row, row + k, row);
    const double whole = row[k - 1];
    if (!(whole > 0)) {
      throw ValueError(
          std::string(name) +
          ": logits to draw by must be numbers, not all -inf; the probabilities' sum is " +
          xtape::detail::text(whole));
    }
    std::transform(row, row + k, row, [whole](double part) { return part / whole; });
  }
  return sums;
}

}  // namespace

Categorical::Categorical(const Odds& odds) : given(odds) {
  const bool logarithms = by_logits(name, given);
  const char* what = logarithms ? "logits" : "probs";
  const Tensor& of = parameter_of(given);
  check_parameter(name, what, of, logarithms ? Range::any : Range::not_negative);
  if (of.rank() == 0 || of.extent(-1) == 0) {
    throw ShapeError(std::string(name) + ": " + what + " must have categories, [..., k]; got " +
                     of.describe());
  }
  if (!logarithms) check_parameter(name, "the sum of probs", total(of.detach()), Range::positive);
}

Tensor Categorical::logits() const {
  const Tensor of = parameter(*this);
  return given.logits.defined() ? log_softmax(of) : log(of) - log(total(of));
}

Tensor Categorical::probs() const {
  const Tensor of = parameter(*this);
  return given.logits.defined() ? softmax(of) : of / total(of);
}

Shape Categorical::batch_shape() const { return without_last(parameter_of(given).shape()); }

Tensor Categorical::log_prob(const Tensor& x) const {
  xtape::detail::require_defined("Categorical", "x", x);
  if (x.dtype() != Dtype::int64) {
    throw DtypeError(std::string(name) + ": categories must be int64; got " + x.describe());
  }
  const Tensor of = logits();
  const Tensor outside = (x < 0) | (x >= of.extent(-1));
  const Tensor at = where(outside, 0, x);
  return where(outside, minus_infinity, of.rank() == 1 ? take(of, at) : chosen(of, at));
}

Tensor Categorical::sample(Rng& rng, const Shape& shape) const {
  const NoGradGuard off;
  const Tensor& of = parameter_of(given);
  const std::vector<double> sums =
      cumulated(values_of("categorical", given.logits.defined() ? softmax(of) : of));
  const std::int64_t k = of.extent(-1);
  const auto fill = [&](const Tensor& y) {
    auto row = sums.begin();
    for (std::int64_t& place :
         std::span(y.body().elements<std::int64_t>(), static_cast<std::size_t>(y.size()))) {
      place = std::upper_bound(row, row + k, rng.uniform()) - row;
      row = row + k == sums.end() ? sums.begin() : row + k;
    }
  };
  return xtape::detail::drawn_together("categorical", joined(shape, batch_shape()), Dtype::int64,
                                       fill);
}

Tensor Categorical::relaxed_sample(Rng& rng, double temperature, const Shape& shape) const {
  xtape::detail::require_positive("relaxed_sample", "temperature", temperature);
  const Tensor of = logits();
  const auto gumbel = [&rng] {
    for (;;) {
      const double exponential = rng.standard_exponential();
      if (exponential > 0) return -std::log(exponential);
    }
  };
  const Tensor z =
      xtape::detail::drawn("gumbel", joined(shape, of.shape()), Dtype::float64, rng, gumbel);
  return softmax((of.to(Dtype::float64) + z) / temperature).to(of.dtype());
}

Tensor Categorical::entropy() const { return -sum(times(probs(), logits()), -1); }

}  // namespace xtape::distributions
