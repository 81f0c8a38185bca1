#include <algorithm>
#include <cmath>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/report/axis.hpp>
#include <xtape/report/heatmap.hpp>
#include <xtape/report/image_stack.hpp>
#include <xtape/report/labels.hpp>
#include <xtape/report/layout.hpp>

namespace xtape::report {
namespace {

struct Matrix {
  std::int64_t rows, columns;
  std::vector<double> values;
  double at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
};

struct Look {
  HeatmapOptions options;
  double low, high;
  std::vector<std::string> numbers = {};  // in the cells, if there are any
  bool bar = true;
};

struct Cell {
  double width, height;
};

Cell cell_of(std::int64_t asked, std::int64_t rows, std::int64_t columns, double usual,
             double least, double most) {
  const auto size = [&](std::int64_t count) { return usual / static_cast<double>(count); };
  const double square = asked > 0 ? static_cast<double>(asked)
                                  : std::clamp(size(std::max(rows, columns)), least, most);
  Cell cell{square, square};
  if (asked > 0) return cell;
  constexpr double readable = 16;  // of few beside many
  if (rows <= columns / 4) cell.height = std::max(square, std::min(readable, size(rows)));
  if (columns <= rows / 4) cell.width = std::max(square, std::min(readable, size(columns)));
  return cell;
}

double widest(const std::vector<std::string>& names) {
  double width = 0;
  for (const std::string& name : names)
    width = std::max(width, text_width(name, detail::small_font));
  return std::min(width, 160.0);
}

/// Names of all rows or columns, or of every so many where there is no space for all.
std::vector<std::string> names_of(const std::vector<std::string>& names, std::int64_t count) {
  std::vector<std::string> all;
  for (std::int64_t i = 0; i < count; ++i) all.push_back(detail::class_name(names, i));
  return all;
}

/// 1, 2 or 5 times a power of ten: which rows or columns are named, if there is space for every so
/// many.
std::size_t every(double least) {
  for (std::size_t power = 1;; power *= 10) {
    for (const std::size_t factor : {1U, 2U, 5U})
      if (static_cast<double>(factor * power) >= least) return factor * power;
  }
}

/// Dark letters on light cells.
Color ink(Color paper) {
  const double light = 0.299 * paper.red + 0.587 * paper.green + 0.114 * paper.blue;
  return light > 140 ? Color{0x22, 0x22, 0x22} : Color{0xff, 0xff, 0xff};
}

/// What tells which colour is which number.
struct Bar {
  double height = 0;
  std::vector<detail::Tick> ticks = {};
  std::string offset = {};

  static constexpr double width = 14, gap = 14, least = 72;
  /// With labels, and space before and behind.
  double space() const {
    double labels = 0;
    for (const detail::Tick& tick : ticks)
      labels = std::max(labels, text_width(tick.label, detail::small_font));
    return gap +
           std::max({70.0, width + 6 + labels + 6, text_width(offset, detail::small_font) + 6});
  }
};

Bar bar_of(const Look& look, double height) {
  const detail::Axis axis(Scale::linear, {}, {look.low, look.high}, 0);
  height = std::max(height, Bar::least);
  return {height, axis.ticks(std::clamp(height / 40, 2.0, 6.0)), axis.offset_label()};
}

void draw_bar(Svg& svg, double x, double y, const Bar& bar, Colormap map) {
  constexpr int shades = 50;
  svg.open("g", {{"shape-rendering", "crispEdges"}});
  for (int i = 0; i < shades; ++i) {
    svg.element("rect", {{"x", x},
                         {"y", y + bar.height * i / shades},
                         {"width", Bar::width},
                         {"height", bar.height / shades + 0.5},
                         {"fill", color_of(map, 1 - (i + 0.5) / shades)}});
  }
  svg.close();
  const SvgAttributes small{{"font-size", detail::small_font}};
  for (const detail::Tick& tick : bar.ticks) {
    svg.text(x + Bar::width + 6, y + (1 - tick.share) * bar.height + detail::small_font * 0.35,
             tick.label, small);
  }
  if (!bar.offset.empty()) svg.text(x, y + bar.height + 17, bar.offset, small);
}

Color color_in(const Look& look, double value) {
  if (std::isnan(value)) return {255, 255, 255};
  if (std::isinf(value)) return color_of(look.options.map, value > 0 ? 1 : 0);
  return color_of(look.options.map, (value - look.low) / (look.high - look.low));
}

void draw_cells(Svg& svg, const Matrix& matrix, const Look& look, double x, double y, Cell cell) {
  const double width = cell.width * static_cast<double>(matrix.columns);
  const double height = cell.height * static_cast<double>(matrix.rows);
  constexpr std::size_t few = 2500;  // which are elements of their own
  if (matrix.values.size() <= few) {
    svg.open("g", {{"shape-rendering", "crispEdges"}});
    for (std::int64_t row = 0; row < matrix.rows; ++row) {
      for (std::int64_t column = 0; column < matrix.columns; ++column) {
        svg.element("rect", {{"x", x + cell.width * static_cast<double>(column)},
                             {"y", y + cell.height * static_cast<double>(row)},
                             {"width", cell.width},
                             {"height", cell.height},
                             {"fill", color_in(look, matrix.at(row, column))}});
      }
    }
    svg.close();
  } else {
    detail::draw_pixels(svg,
                        kernels::pixels(matrix.values.data(), static_cast<std::size_t>(matrix.rows),
                                        static_cast<std::size_t>(matrix.columns), 1, look.low,
                                        look.high, look.options.map),
                        x, y, width, height);
  }
  svg.element("rect", {{"x", x},
                       {"y", y},
                       {"width", width},
                       {"height", height},
                       {"fill", "none"},
                       {"stroke", "#888"}});
  for (std::size_t i = 0; i < look.numbers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t row = at / matrix.columns, column = at % matrix.columns;
    const Color paper = color_in(look, matrix.values[i]);
    const double size =
        std::min(13.0, 0.9 * cell.width / std::max(text_width(look.numbers[i], 1), 1.5));
    svg.text(x + cell.width * (static_cast<double>(column) + 0.5),
             y + cell.height * (static_cast<double>(row) + 0.5) + size * 0.35, look.numbers[i],
             {{"font-size", size}, {"text-anchor", "middle"}, {"fill", ink(paper)}});
  }
}

/// Draws a matrix with all around it.
Picture drawn(const Matrix& matrix, const Look& look, Cell cell) {
  const HeatmapOptions& options = look.options;
  const auto rows = names_of(options.row_names, matrix.rows);
  const auto columns = names_of(options.column_names, matrix.columns);
  const bool upright = widest(columns) + 6 > cell.width && !options.column_names.empty();
  const double width = cell.width * static_cast<double>(matrix.columns);
  const double height = cell.height * static_cast<double>(matrix.rows);
  const double slant = upright ? 0.75 * widest(columns) : 0;  // to the left, and down
  const double left = detail::edge + (options.y_label.empty() ? 0 : 22) +
                      std::max(widest(rows) + 8, slant - cell.width / 2);
  const double below = (upright ? slant + 18 : 20) + (options.x_label.empty() ? 0 : 22);
  const Bar bar = look.bar ? bar_of(look, height) : Bar();
  const double page = std::max(
      left + width + (look.bar ? bar.space() : detail::edge) +
          (upright ? 0.2 * widest(columns) : 0),
      2 * detail::edge + std::min(text_width(options.title, detail::title_font * 1.08), 320.0));
  Svg svg;
  const double top = detail::draw_title(svg, options.title, page);
  draw_cells(svg, matrix, look, left, top, cell);

  svg.open("g", {{"font-size", detail::small_font}});
  const std::size_t every_row = every(15 / cell.height);
  for (std::size_t i = 0; i < rows.size(); i += every_row) {
    svg.text(left - 8,
             top + cell.height * (static_cast<double>(i) + 0.5) + detail::small_font * 0.35,
             detail::fitted(rows[i], detail::small_font, 160), {{"text-anchor", "end"}});
  }
  const std::size_t every_column = every((upright ? 15 : widest(columns) + 8) / cell.width);
  for (std::size_t i = 0; i < columns.size(); i += every_column) {
    const double x = left + cell.width * (static_cast<double>(i) + 0.5), y = top + height + 17;
    const std::string name = detail::fitted(columns[i], detail::small_font, 160);
    if (upright) {
      svg.text(x + 4, y - 3, name,
               {{"text-anchor", "end"},
                {"transform", "rotate(-45 " + svg_number(x + 4) + " " + svg_number(y - 3) + ")"}});
    } else {
      svg.text(x, y, name, {{"text-anchor", "middle"}});
    }
  }
  svg.close();
  if (!options.x_label.empty()) {
    svg.text(left + width / 2, top + height + below - 4,
             detail::fitted(options.x_label, detail::font, page - 2 * detail::edge),
             {{"text-anchor", "middle"}});
  }
  const double down =  // with the bar, where there are few rows
      std::max(height + below, bar.height + (bar.offset.empty() ? detail::edge / 2 : 22));
  if (!options.y_label.empty()) {
    const double wanted = std::min(text_width(options.y_label, detail::font), down);
    const double space = std::max(height, wanted);
    const double x = detail::edge + detail::font * 0.7, y = top + space / 2;
    svg.text(x, y, detail::fitted(options.y_label, detail::font, space),
             {{"text-anchor", "middle"},
              {"transform", "rotate(-90 " + svg_number(x) + " " + svg_number(y) + ")"}});
  }
  if (look.bar) draw_bar(svg, left + width + Bar::gap, top, bar, options.map);
  return {page, top + down + detail::edge / 2, svg.elements()};
}

Matrix matrix_of(const Tensor& tensor) {
  return {tensor.extent(0), tensor.extent(1), tensor.to_vector<double>()};
}

}  // namespace

Picture heatmap(const Tensor& matrix, const HeatmapOptions& options) {
  const char* const op = "heatmap";
  if (matrix.rank() != 2 || matrix.size() == 0)
    throw ShapeError(std::string(op) + ": the matrix must be [rows, columns]; got " +
                     matrix.describe());
  detail::check_names(op, "rows", options.row_names, matrix.extent(0), matrix);
  detail::check_names(op, "columns", options.column_names, matrix.extent(1), matrix);
  xtape::detail::require_in<std::int64_t>(op, "cell", options.cell, 0, 1000);
  const Matrix values = matrix_of(matrix.detach());
  auto [least, greatest] = detail::value_range(values.values);
  if (options.map == Colormap::diverging) {
    greatest = std::max(std::abs(least), std::abs(greatest));
    least = -greatest;
  }
  const double low = options.low.value_or(least), high = options.high.value_or(greatest);
  if (!(low < high) || !std::isfinite(high - low)) {
    const bool far = low < high && std::isfinite(low) && std::isfinite(high);
    throw ValueError(std::string(op) +
                     (far ? ": high - low must be finite" : ": low must lie below high") +
                     "; got " + xtape::detail::text(low) + " and " + xtape::detail::text(high));
  }
  const Cell cell = cell_of(options.cell, values.rows, values.columns, 400, 1, 48);
  return drawn(values, {options, low, high}, cell);
}

Picture attention_maps(const Tensor& weights, const AttentionMapsOptions& options) {
  const char* const op = "attention_maps";
  if ((weights.rank() != 2 && weights.rank() != 3) || weights.size() == 0) {
    throw ShapeError(std::string(op) +
                     ": weights must be [queries, keys] or [heads, queries, keys]; got " +
                     weights.describe());
  }
  detail::check_names(op, "queries", options.queries, weights.extent(-2), weights);
  detail::check_names(op, "keys", options.keys, weights.extent(-1), weights);
  xtape::detail::require_in<std::int64_t>(op, "cell", options.cell, 0, 1000);
  xtape::detail::require_at_least<std::int64_t>(op, "columns", options.columns, 1);
  const NoGradGuard off;
  const Tensor given = weights.detach();
  const Tensor heads = given.rank() == 2 ? expand_dims(given, 0) : given;
  double high = 1e-6;
  for (const double weight : heads.to_vector<double>())
    if (std::isfinite(weight)) high = std::max(high, weight);
  std::vector<Picture> maps;
  for (std::int64_t i = 0; i < heads.extent(0); ++i) {
    const Matrix values = matrix_of(heads[i]);
    const bool last = i + 1 == heads.extent(0) || (i + 1) % options.columns == 0;
    const Look look{{.title = given.rank() == 2 ? "" : "head " + std::to_string(i),
                     .x_label = "key",
                     .y_label = "query",
                     .row_names = options.queries,
                     .column_names = options.keys},
                    0,
                    high,
                    {},
                    last};
    maps.push_back(
        drawn(values, look, cell_of(options.cell, values.rows, values.columns, 220, 1, 36)));
  }
  return detail::titled(options.title, grid(maps, options.columns));
}

Picture confusion(const Tensor& counts, const ConfusionOptions& options) {
  const char* const op = "confusion";
  if (counts.rank() != 2 || counts.extent(0) != counts.extent(1) || counts.size() == 0)
    throw ShapeError(std::string(op) + ": counts must be [classes, classes]; got " +
                     counts.describe());
  if (counts.dtype() != Dtype::int64)
    throw DtypeError(std::string(op) + ": counts must be int64; got " + counts.describe());
  const std::int64_t classes = counts.extent(0);
  detail::check_names(op, "classes", options.names, classes, counts);
  xtape::detail::require_in<std::int64_t>(op, "cell", options.cell, 0, 1000);
  const auto all = counts.to_vector<std::int64_t>();
  Matrix shares{classes, classes, std::vector<double>(all.size())};
  Look look{{.title = options.title,
             .x_label = "predicted",
             .y_label = "true",
             .row_names = options.names,
             .column_names = options.names,
             .map = Colormap::blues},
            0,
            1,
            {},
            true};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < 0)
      throw ValueError(std::string(op) + ": a count is negative: " + std::to_string(all[i]));
    const auto first =
        all.begin() + static_cast<std::ptrdiff_t>(i - i % static_cast<std::size_t>(classes));
    double row = 0;
    for (auto j = first; j != first + classes; ++j) row += static_cast<double>(*j);
    shares.values[i] = row == 0 ? 0 : static_cast<double>(all[i]) / row;
  }
  const Cell cell = cell_of(options.cell, classes, classes, 460, 4, 56);
  if (cell.width >= 18)
    for (const std::int64_t count : all) look.numbers.push_back(std::to_string(count));
  return drawn(shares, look, cell);
}

}  // namespace xtape::report
