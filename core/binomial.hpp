#pragma once
#include <cstdint>

#include <xtape/core/rng.hpp>

namespace xtape::detail {

/// The binomial distribution of n trials with probability p, for drawing many numbers.
class Binomial {
 public:
  /// 0 <= n, 0 <= p <= 1
  Binomial(std::int64_t n, double p);
  std::int64_t operator()(Rng& rng) const;

 private:
  void prepare_inversion();
  void prepare_envelope();
  std::int64_t by_inversion(Rng& rng) const;
  std::int64_t by_envelope(Rng& rng) const;
  bool accepts(std::int64_t y, double v) const;

  std::int64_t n_;
  bool mirrored_;  // failures are counted: p > 1/2
  double p_, q_;   // the lesser probability, and the other
  double mean_;

  // Inversion.
  double none_;         // probability of 0
  std::int64_t bound_;  // numbers beyond are drawn anew

  // The envelope, with the names of the paper: a triangle around the mode, parallelograms at its
  // sides, and two exponential tails; p1 to p4 are their areas, summed up.
  double variance_, x_m_, x_l_, x_r_, c_, lambda_l_, lambda_r_, p1_, p2_, p3_, p4_;
  std::int64_t mode_;
};

}  // namespace xtape::detail
