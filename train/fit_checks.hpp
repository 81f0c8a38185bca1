#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xtape/train/fit_options.hpp>
#include <xtape/train/fit_source.hpp>

namespace xtape::detail {

/// What a run has.
struct FitParts {
  bool model, measures;
};

/// Throws ValueError for an option out of range, or one that needs what the run has not.
void check_options(const FitOptions& options, const FitParts& parts);

/// Throws ValueError for a label that only the validation data have: no step can learn it, and more
/// often the split is not what was meant. Labels are int64, one a row, or one-hot rows, and compared
/// with those of the same name or place; those of a loader of a function are not known.
/// The loss is watched where no other monitor is given. Throws ValueError for one to be maximized.
void name_monitor(FitOptions& options);

void check_labels(const FitSource& source, const FitOptions& options);

[[noreturn]] void fail_monitor(const std::string& monitor, const std::vector<Metric>& there);
[[noreturn]] void fail_name(const std::string& name, const std::vector<Metric>& there);

}  // namespace xtape::detail
