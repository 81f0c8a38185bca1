#pragma once
// Ranges of options.

#include <limits>
#include <string>

#include <xtape/core/dtype.hpp>
#include <xtape/core/require.hpp>

namespace xtape::optim {

/// Throws ValueError unless the option of an optimizer lies in [0, 1), where factors of running
/// averages lie.
inline void check_below_one(const char* optimizer, const char* option, double value) {
  detail::require(value >= 0 && value < 1, optimizer, option, "lie in [0, 1)", value);
}

/// The same for what multiplies or is added to elements: their dtype must hold it, and not as 0.
inline void check_not_negative(const char* optimizer, const char* option, double value,
                               Dtype dtype) {
  const bool narrow = dtype == Dtype::float32;
  const double most =
      narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  const bool fits = value >= 0 && value <= most;
  const bool kept = fits && (value == 0 || !narrow || static_cast<float>(value) > 0);
  const std::string rule = "be at least 0 and fit in " + std::string(to_string(dtype));
  detail::require(kept, optimizer, option, rule.c_str(), value);
}

/// Throws ValueError for a penalty on all elements where a gradient is of some rows.
inline void check_no_decay(const char* optimizer, double weight_decay) {
  detail::require(weight_decay == 0, optimizer, "weight_decay",
                  "be 0 where a gradient is sparse, since it would change every row", weight_decay);
}

}  // namespace xtape::optim
