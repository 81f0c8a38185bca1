#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/report/color.hpp>
#include <xtape/report/picture.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct HeatmapOptions {
  std::string title = {}, x_label = {}, y_label = {};
  std::vector<std::string> row_names = {}, column_names = {};  ///< by default numbers
  std::optional<double> low = {}, high = {};                   ///< of the numbers, if not given
  Colormap map = Colormap::viridis;
  std::int64_t cell = 0;  ///< its width and height in pixels; 0: as fits a usual picture
};

/// A matrix [rows, columns] as colours, the first row on top, with a bar that tells what they mean.
/// NaN is white. `Colormap::diverging` is white at 0 unless low and high are given.
/// Throws ShapeError for other shapes and numbers of names, ValueError unless low lies below high.
Picture heatmap(const Tensor& matrix, const HeatmapOptions& options = {});

struct AttentionMapsOptions {
  std::string title = {};
  std::vector<std::string> queries = {}, keys = {};  ///< by default numbers
  std::int64_t columns = 4;                          ///< heads beside each other
  std::int64_t cell = 0;
};

/// How much each query attends to each key, for each head, all from 0 to the greatest weight.
///   weights [queries, keys] or [heads, queries, keys]:
///     `attention.with_weights(q, k, v, {.average = false}).weights[0]`
/// Throws as heatmap.
Picture attention_maps(const Tensor& weights, const AttentionMapsOptions& options = {});

struct ConfusionOptions {
  std::string title = {};
  std::vector<std::string> names = {};  ///< of the classes; by default their numbers
  std::int64_t cell = 0;
};

/// The counts of `confusion_matrix`, a row for each true class, coloured by their shares of the
/// row.
/// Throws ShapeError unless square, DtypeError unless int64, ValueError for a negative count.
Picture confusion(const Tensor& counts, const ConfusionOptions& options = {});

}  // namespace xtape::report

XTAPE_EXPORT_END
