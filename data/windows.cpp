#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/windows.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

Tensor columns_of(const Tensor& series, const std::vector<std::int64_t>& columns) {
  if (columns.empty()) return series;
  if (series.rank() != 2) {
    throw ValueError("windows: a series [time] has no columns to choose; got " + series.describe());
  }
  const std::int64_t count = series.extent(1);
  for (const std::int64_t column : columns) {
    if (column >= -count && column < count) continue;
    throw IndexError("windows: a column must lie in [-" + std::to_string(count) + ", " +
                     std::to_string(count) + "); got " + std::to_string(column));
  }
  return take(series, from_vector(columns), 1);
}

}  // namespace

Windows::Windows(const Tensor& series, const WindowOptions& options) : options_(options) {
  detail::check_count("windows", "length", options.length);
  detail::check_count("windows", "horizon", options.horizon);
  detail::check_count("windows", "stride", options.stride);
  if (series.rank() != 1 && series.rank() != 2) {
    throw ShapeError("windows: a series must be [time] or [time, columns]; got " +
                     series.describe());
  }
  const std::int64_t time = series.extent(0);
  if (options.length > time || options.horizon > time - options.length) {
    throw ValueError("windows: length and horizon together must be at most the rows, " +
                     std::to_string(time) + "; got " + std::to_string(options.length) + " and " +
                     std::to_string(options.horizon));
  }
  // Columns are chosen once, so that each window is one dense piece.
  const Tensor constant = series.detach().contiguous();
  seen_ = columns_of(constant, options.features);
  told_ = columns_of(constant, options.targets);
  count_ = (time - options.length - options.horizon) / options.stride + 1;
}

Dataset Windows::operator()(std::int64_t window) const {
  if (window < 0 || window >= count_) {
    throw IndexError("windows: a window must lie in [0, " + std::to_string(count_) + "); got " +
                     std::to_string(window));
  }
  const std::int64_t from = window * options_.stride, middle = from + options_.length;
  return {slice(seen_, {range(from, middle)}),
          slice(told_, {range(middle, middle + options_.horizon)})};
}

Dataset Windows::operator()(const Tensor& windows) const {
  if (windows.rank() != 1)
    throw ShapeError("windows: indices must be [n]; got " + windows.describe());
  if (windows.dtype() != Dtype::int64)
    throw DtypeError("windows: indices must be int64; got " + windows.describe());
  if (windows.size() == 0) throw ValueError("windows: a window is needed; got no indices");
  TensorList seen, told;
  for (const std::int64_t window : windows.to_vector<std::int64_t>()) {
    const auto [x, y] = (*this)(window);
    seen.push_back(x);
    told.push_back(y);
  }
  return {stack(seen), stack(told)};
}

Dataset Windows::all() const { return (*this)(arange(count_)); }

}  // namespace xtape::data
