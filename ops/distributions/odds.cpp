#include <string>

#include <xtape/core/error.hpp>
#include <xtape/ops/distributions/odds.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::distributions {

bool by_logits(const char* distribution, const Odds& given) {
  if (given.logits.defined() != given.probs.defined()) return given.logits.defined();
  throw ValueError(std::string(distribution) +
                   ": just one of logits and probs must be given; got " +
                   (given.probs.defined() ? "both" : "none"));
}

const Tensor& parameter_of(const Odds& given) {
  return given.logits.defined() ? given.logits : given.probs;
}

Outcomes::Outcomes(const Odds& given) {
  if (given.logits.defined()) {
    yes = sigmoid(given.logits), no = sigmoid(-given.logits);
    log_yes = log_sigmoid(given.logits), log_no = log_sigmoid(-given.logits);
  } else {
    yes = given.probs, no = 1 - given.probs;
    log_yes = log(given.probs), log_no = log1p(-given.probs);
  }
}

}  // namespace xtape::distributions
