#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Sets each element to 0 with probability `rate`, and scales the others by 1 / (1 - rate), so that
/// the expectation stays; in training only, in evaluation it is the identity.
///   dx = g through the same mask
/// The masks follow from a key drawn at construction and the number of the call. Copies share both:
/// threads that train at the same time need models of their own (see clone).
/// Throws ValueError unless 0 <= rate <= 1.
/// Source: Srivastava et al., Dropout (2014), section 10, "inverted" scaling.
struct Dropout : Module {
  explicit Dropout(double rate, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;

  double rate;

 private:
  Buffer stream_;  // int64[2]: the key and the number of calls so far
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
