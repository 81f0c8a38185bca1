#pragma once
#include <cstddef>
#include <string>
#include <vector>

/// Loops over the points of lines and the numbers of histograms.
namespace xtape::report::kernels {

/// A line through points in pixels, as the attribute "d" of a path. Where a coordinate is NaN there
/// is a gap; a point between two gaps is among the dots, lines of no length, which round ends make
/// dots. Of very many points that run from left to right those are left out that no eye would miss:
/// in each column of pixels stay the first, the lowest, the highest and the last.
struct Course {
  std::string line, dots;
};
Course course(const std::vector<double>& x, const std::vector<double>& y);

/// How many of the values lie in each of so many bins of equal width; the last one holds its upper
/// edge. Others and NaN are left out.
std::vector<double> counts(const std::vector<double>& values, double low, double high,
                           std::size_t bins);

}  // namespace xtape::report::kernels
