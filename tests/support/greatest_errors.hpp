#pragma once
#include <map>
#include <string>

/// The rows of greatest_errors.def.
struct GreatestErrors {
  struct OfDtype {
    double value, slope = 0, second = 0;
  };
  OfDtype float32, float64;
};

inline const std::map<std::string, GreatestErrors>& greatest_errors() {
  static const std::map<std::string, GreatestErrors> table{
#define XTAPE_ERRORS(name, v32, v64, s32, s64) {#name, {{v32, s32}, {v64, s64}}},
#define XTAPE_VALUE_ERRORS(name, v32, v64) {#name, {{v32}, {v64}}},
#define XTAPE_SPECIAL_ERRORS(name, v32, v64, s32, s64, h32, h64) \
  {#name, {{v32, s32, h32}, {v64, s64, h64}}},
#include "greatest_errors.def"
#undef XTAPE_ERRORS
#undef XTAPE_VALUE_ERRORS
#undef XTAPE_SPECIAL_ERRORS
  };
  return table;
}

/// Those of a function in the dtype of T.
template <class T>
inline GreatestErrors::OfDtype greatest_errors_of(const std::string& name) {
  const GreatestErrors& both = greatest_errors().at(name);
  return sizeof(T) == 4 ? both.float32 : both.float64;
}
