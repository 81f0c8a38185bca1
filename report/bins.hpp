#pragma once
#include <vector>

#include <xtape/report/plot.hpp>

namespace xtape::report::detail {

/// Edges of bins, one more than heights.
struct Bins {
  std::vector<double> edges, heights;
};

/// Those of each histogram of a plot, all from the least to the greatest value of all; on a
/// logarithmic scale of x of equal width there.
std::vector<Bins> all_bins(const std::vector<Mark>& marks, Scale x_scale);

}  // namespace xtape::report::detail
