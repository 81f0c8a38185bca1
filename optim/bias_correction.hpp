#pragma once
#include <cmath>
#include <cstdint>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// 1 - beta^t. Remembers the last one: mostly all parameters of a step are at the same t.
class BiasCorrection {
 public:
  double operator()(double beta, std::int64_t t) {
    if (beta != beta_ || t != t_) {
      value_ = 1 - std::pow(beta, static_cast<double>(t));
      beta_ = beta;
      t_ = t;
    }
    return value_;
  }

 private:
  double beta_ = 0, value_ = 1;
  std::int64_t t_ = 1;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
