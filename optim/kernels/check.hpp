#pragma once
// Ranges of options.

#include <cmath>
#include <string>

#include <xtape/core/error.hpp>

namespace xtape::optim {

/// Throws ValueError unless the option of an optimizer lies in a range.
inline void check_range(const char* optimizer, const char* option, bool inside, const char* range,
                        double value) {
  if (inside) return;
  throw ValueError(std::string(optimizer) + ": " + option + " must lie in " + range + "; got " +
                   detail::text(value));
}

/// The same for [0, 1), where factors of running averages lie.
inline void check_below_one(const char* optimizer, const char* option, double value) {
  check_range(optimizer, option, value >= 0 && value < 1, "[0, 1)", value);
}

inline void check_not_negative(const char* optimizer, const char* option, double value) {
  check_range(optimizer, option, value >= 0 && std::isfinite(value), "[0, inf)", value);
}

}  // namespace xtape::optim
