#pragma once
#include <cstdint>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// 1 - beta^t. Remembers the last one: mostly all parameters of a step are at the same t.
class BiasCorrection {
 public:
  double operator()(double beta, std::int64_t t) {
    if (beta != beta_ || t != t_) renew(beta, t);
    return value_;
  }

 private:
  void renew(double beta, std::int64_t t);
  double beta_ = 0, value_ = 1;
  std::int64_t t_ = 1;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
