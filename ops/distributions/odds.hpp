#pragma once
#include <xtape/ops/distributions/parameters.hpp>

namespace xtape::distributions {

/// Whether the logits are given. Throws ValueError unless just one of the two is.
bool by_logits(const char* distribution, const Odds& given);
/// The one that is.
const Tensor& parameter_of(const Odds& given);

/// The probabilities of 1 and 0, and their logarithms: small ones keep their digits.
struct Outcomes {
  explicit Outcomes(const Odds& given);
  Tensor yes, no, log_yes, log_no;
};

}  // namespace xtape::distributions
