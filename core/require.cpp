#include <cmath>

#include <xtape/core/require.hpp>

namespace xtape::detail {

double require_finite(const char* op, const char* what, double value) {
  return require(std::isfinite(value), op, what, "be finite", value);
}

double require_positive(const char* op, const char* what, double value) {
  return require(value > 0 && std::isfinite(value), op, what, "be finite and above 0", value);
}

double require_not_negative(const char* op, const char* what, double value) {
  return require(value >= 0 && std::isfinite(value), op, what, "be finite and not negative", value);
}

}  // namespace xtape::detail
