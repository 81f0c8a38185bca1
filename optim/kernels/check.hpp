#pragma once
// Ranges of options.

#include <limits>
#include <string>

#include <xtape/core/require.hpp>

namespace xtape::optim {

/// Throws ValueError unless the option of an optimizer lies in [0, 1), where factors of running
/// averages lie.
inline void check_below_one(const char* optimizer, const char* option, double value) {
  detail::require(value >= 0 && value < 1, optimizer, option, "lie in [0, 1)", value);
}

/// The same for what multiplies or is added to elements: float32 must hold it.
inline void check_not_negative(const char* optimizer, const char* option, double value) {
  constexpr float most = std::numeric_limits<float>::max();
  detail::require(value >= 0 && value <= most, optimizer, option,
                  "be at least 0 and fit in float32", value);
}

}  // namespace xtape::optim
