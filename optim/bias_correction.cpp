#include <cmath>

#include <xtape/optim/bias_correction.hpp>

namespace xtape::optim {

void BiasCorrection::renew(double beta, std::int64_t t) {
  value_ = 1 - std::pow(beta, static_cast<double>(t));
  beta_ = beta;
  t_ = t;
}

}  // namespace xtape::optim
