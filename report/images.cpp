#include <algorithm>
#include <cmath>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/report/image_stack.hpp>
#include <xtape/report/images.hpp>
#include <xtape/report/labels.hpp>
#include <xtape/report/layout.hpp>

namespace xtape::report {
namespace {

constexpr double line_height = 15;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

}  // namespace

Picture image_grid(const Tensor& images, const ImageGridOptions& options) {
  const char* const op = "image_grid";
  const detail::ImageStack stack =
      detail::image_stack(op, images, options.low, options.high, options.channels);
  xtape::detail::require_at_least<std::int64_t>(op, "columns", options.columns, 0);
  xtape::detail::require_in<std::int64_t>(op, "image_width", options.image_width, 8, 2000);
  if (!options.labels.empty() && std::ssize(options.labels) != stack.count) {
    throw ShapeError(std::string(op) + ": there are " + std::to_string(options.labels.size()) +
                     " labels for the images " + images.describe());
  }
  const auto square =
      static_cast<std::int64_t>(std::ceil(std::sqrt(1.5 * static_cast<double>(stack.count))));
  const std::int64_t columns =
      std::min(stack.count, options.columns > 0 ? options.columns : square);
  std::size_t lines = 0;
  for (const std::string& label : options.labels) lines = std::max(lines, lines_of(label).size());

  const auto width = static_cast<double>(options.image_width);
  const double height =
      width * static_cast<double>(stack.height) / static_cast<double>(stack.width);
  constexpr double gap = 10;
  const double row_height = height + gap + line_height * static_cast<double>(lines);
  const double page = 2 * detail::edge + static_cast<double>(columns) * (width + gap) - gap;
  Svg svg;
  const double top = detail::draw_title(svg, options.title, page);
  for (std::int64_t i = 0; i < stack.count; ++i) {
    const std::int64_t row = i / columns, column = i % columns;
    const double x = detail::edge + static_cast<double>(column) * (width + gap);
    double y = top + static_cast<double>(row) * row_height;
    detail::draw_pixels(svg, stack.image(i, options.map), x, y, width, height);
    if (options.labels.empty()) continue;
    y += height;
    for (const std::string& line : lines_of(options.labels[static_cast<std::size_t>(i)])) {
      y += line_height;
      if (!line.empty())
        svg.text(x + width / 2, y - 2, detail::fitted(line, detail::small_font, width + gap),
                 {{"font-size", detail::small_font}, {"text-anchor", "middle"}});
    }
  }
  const std::int64_t rows = (stack.count + columns - 1) / columns;
  return {page, top + static_cast<double>(rows) * row_height + detail::edge - gap, svg.elements()};
}

Picture mistakes(const Tensor& images, const Tensor& logits, const Tensor& labels,
                 const MistakesOptions& options) {
  const char* const op = "mistakes";
  nn::detail::check_label_shapes(op, "logits", logits, labels);
  nn::detail::check_floating(op, "logits", logits);
  xtape::detail::require_at_least<std::int64_t>(op, "count", options.count, 1);
  if (images.rank() == 0 || images.extent(0) != logits.extent(0)) {
    throw ShapeError(std::string(op) + ": images and logits must be of one number; got " +
                     images.describe() + " and " + logits.describe());
  }
  const NoGradGuard off;
  const Tensor truth = detail::classes_of(op, labels);
  nn::detail::check_label_range(op, "labels", truth, logits.extent(1));
  const auto actual = truth.to_vector<std::int64_t>();
  const auto said = detail::predicted_classes(op, logits, 0).to_vector<std::int64_t>();
  const Tensor probable =
      take_along_axis(log_softmax(logits.detach(), 1), expand_dims(truth, 1), 1);
  const auto order = argsort(reshape(probable, {logits.extent(0)})).to_vector<std::int64_t>();

  std::vector<std::int64_t> worst;
  ImageGridOptions grid{.title = options.title,
                        .columns = options.columns,
                        .image_width = options.image_width,
                        .channels = options.channels};
  for (const std::int64_t i : order) {
    const auto at = static_cast<std::size_t>(i);
    if (said[at] == actual[at]) continue;
    if (static_cast<std::int64_t>(worst.size()) == options.count) break;
    worst.push_back(i);
    const std::string taken = said[at] < 0 ? "NaN" : detail::class_name(options.names, said[at]);
    grid.labels.push_back(detail::class_name(options.names, actual[at]) + "\nnot " + taken);
  }
  if (!worst.empty()) return image_grid(take(images.detach(), from_vector(worst)), grid);
  Svg svg;
  const double top = detail::draw_title(svg, options.title, 320);
  svg.text(160, top + 40, "no mistakes", {{"text-anchor", "middle"}, {"fill", "#777"}});
  return {320, top + 80, svg.elements()};
}

void save_png(const std::string& path, const Tensor& image, std::optional<double> low,
              std::optional<double> high, Colormap map) {
  if (!path.ends_with(".png")) throw ValueError("save_png: the file must end in .png; got " + path);
  const NoGradGuard off;
  const auto stack = detail::stack_of_one("save_png", image, low, high);
  data::OutputFile file(path);
  file.write(kernels::png(stack.image(0, map)));
  file.commit();
}

}  // namespace xtape::report
