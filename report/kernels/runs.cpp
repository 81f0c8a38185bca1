#include <array>
#include <charconv>
#include <map>

#include <xtape/report/kernels/runs.hpp>

namespace xtape::report::kernels {

std::vector<std::pair<std::int64_t, std::string>> runs(const std::vector<std::int64_t>& cells,
                                                       std::int64_t columns) {
  std::map<std::int64_t, std::string> outlines;
  const auto count = static_cast<std::int64_t>(cells.size());
  const auto cell = [&](std::int64_t i) { return cells[static_cast<std::size_t>(i)]; };
  for (std::int64_t first = 0; first < count;) {
    const std::int64_t row = first / columns, end_of_row = (row + 1) * columns;
    std::int64_t end = first + 1;
    while (end < end_of_row && cell(end) == cell(first)) ++end;
    if (cell(first) >= 0) {
      const std::string size = std::to_string(end - first);
      outlines[cell(first)] += "M" + std::to_string(first % columns) + " " + std::to_string(row) +
                               "h" + size + "v1h-" + size + "z";
    }
    first = end;
  }
  return {outlines.begin(), outlines.end()};
}

std::string decimals(double value) {
  std::array<char, 400> text;
  return {text.data(),
          std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, 6).ptr};
}

}  // namespace xtape::report::kernels
