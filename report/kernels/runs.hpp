#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xtape::report::kernels {

/// The cells of a grid, row by row, that have the same number, as outlines of their runs: "M3
/// 7h12v1h-12z". A cell is 1 wide and high. Numbers in ascending order; negative ones are left out.
std::vector<std::pair<std::int64_t, std::string>> runs(const std::vector<std::int64_t>& cells,
                                                       std::int64_t columns);

/// A number with six decimals, for scales.
std::string decimals(double value);

}  // namespace xtape::report::kernels
