#pragma once
#include <cstdint>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

struct WindowOptions {
  std::int64_t length = 1;                  ///< rows that a model sees
  std::int64_t horizon = 1;                 ///< rows behind them that it is to tell
  std::int64_t stride = 1;                  ///< rows from one window to the next
  std::vector<std::int64_t> features = {};  ///< columns that it sees; all unless given
  std::vector<std::int64_t> targets = {};   ///< columns that it is to tell; all unless given
};

/// Samples of a series in time: window i is
///   x = series[i stride : i stride + length],   y = the `horizon` rows behind,
/// views of the series, which is kept once however much windows overlap. As a function of the
/// number it makes a loader: `Loader loader(windows.size(), windows, {.batch_size = 32});`
///   series [time]             x [length], y [horizon]
///   series [time, columns]    x [length, features], y [horizon, targets]
/// To test on what comes later, cut the series first, or let `block_split` leave a gap of
/// (length + horizon) / stride windows, rounded up, less 1: then none on either side overlap.
class Windows {
 public:
  /// Throws ShapeError for another rank, ValueError for a length, horizon or stride below 1 and a
  /// series without a window, or columns of a series that has none; IndexError for a column that is
  /// not there.
  Windows(const Tensor& series, const WindowOptions& options);

  std::int64_t size() const { return count_; }
  /// Throws IndexError for a window that is not there.
  Dataset operator()(std::int64_t window) const;
  /// These windows, copied: of a fold, or a batch.   windows int64 [n] -> x [n, length, ...], y [n,
  /// horizon, ...]
  /// Throws ShapeError, DtypeError for other indices, IndexError; ValueError for none.
  Dataset operator()(const Tensor& windows) const;
  /// All windows, copied.   x [windows, length, ...], y [windows, horizon, ...]
  Dataset all() const;

 private:
  Tensor seen_, told_;  // the series' columns
  WindowOptions options_;
  std::int64_t count_ = 0;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
