#include "chart.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <xtape/report/picture.hpp>
#include <xtape/report/svg.hpp>

#include "machine.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace bench {
namespace {

constexpr int row_height = 18, label_width = 330, bar_width = 420, margin = 10;

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// A list of JSON.
template <class List, class F>
void write_list(std::ostream& out, const List& list, F write) {
  const char* between = "";
  out << '[';
  for (const auto& one : list) {
    out << std::exchange(between, ", ");
    write(one);
  }
  out << ']';
}

}  // namespace

void write_json(std::ostream& out, const std::string& machine, int threads,
                const std::vector<Timing>& timings) {
  out << "{\"machine\": " << quoted(machine) << ", \"threads\": " << threads
      << ", \"unit\": \"microseconds a step\", \"workloads\": [";
  const char* between = "\n";
  for (const Timing& timing : timings) {
    out << std::exchange(between, ",\n") << "  {\"name\": " << quoted(timing.name)
        << ", \"description\": " << quoted(timing.description) << ", \"contestants\": [";
    const char* next = "\n";
    for (std::size_t i = 0; i < timing.times.size(); ++i) {
      out << std::exchange(next, ",\n") << "    {\"name\": " << quoted(timing.contestants[i])
          << ", \"median\": " << fixed(median(timing.times[i]), 3)
          << ", \"ratio\": " << fixed(median_ratio(timing.times[i], timing.times[0]), 4)
          << ", \"rounds\": ";
      write_list(out, timing.times[i], [&](double time) { out << fixed(time, 3); });
      if (i < timing.usage.size()) {
        out << ", \"page_faults\": " << fixed(timing.usage[i].faults, 2)
            << ", \"megabytes\": " << fixed(timing.usage[i].megabytes, 1)
            << ", \"tensor_megabytes\": " << fixed(timing.usage[i].tensors, 3);
      }
      out << '}';
    }
    out << "]}";
  }
  out << "\n]}\n";
}

void write_svg(std::ostream& out, const std::string& title, const std::vector<Timing>& timings) {
  int rows = 1;
  double least = 1, most = 1;
  for (const Timing& timing : timings) {
    rows += static_cast<int>(timing.times.size()) + 1;
    for (const auto& times : timing.times) {
      const double ratio = median_ratio(times, timing.times[0]);
      least = std::min(least, ratio);
      most = std::max(most, ratio);
    }
  }
  least /= 1.5;  // the shortest bar has a length
  const auto length = [&](double ratio) {
    return static_cast<int>(
        std::lround(bar_width * std::log(ratio / least) / std::max(std::log(most / least), 1e-9)));
  };
  const int width = label_width + bar_width + 60 + 2 * margin;
  const int height = (rows + 1) * row_height + 2 * margin, left = margin + label_width;
  xtape::report::Svg svg;
  const auto bold = [&](int y, const std::string& text) {
    svg.text(margin, y, text, {{"font-weight", "bold"}});
  };
  int y = margin + row_height;
  bold(y - 5, title);
  for (const Timing& timing : timings) {
    y += row_height;
    bold(y - 5, timing.name + "  " + timing.description);
    for (std::size_t i = 0; i < timing.times.size(); ++i) {
      y += row_height;
      const double ratio = median_ratio(timing.times[i], timing.times[0]);
      svg.text(left - 8, y - 5, timing.contestants[i], {{"text-anchor", "end"}});
      svg.element("rect",
                  {{"x", left},
                   {"y", y - row_height + 3},
                   {"width", length(ratio)},
                   {"height", row_height - 5},
                   {"fill", timing.contestants[i].starts_with("xtape") ? "#1f6f8b" : "#b0b7bd"}});
      svg.text(left + length(ratio) + 5, y - 5, fixed(ratio, ratio < 10 ? 2 : 1));
    }
  }
  svg.element("line", {{"x1", left + length(1)},
                       {"y1", margin + row_height},
                       {"x2", left + length(1)},
                       {"y2", y},
                       {"stroke", "#1f6f8b"},
                       {"stroke-dasharray", 3}});
  svg.text(margin, y + row_height,
           "Times as long as the first of each; medians of interleaved rounds; the scale is "
           "logarithmic.",
           {{"fill", "#555"}});
  out << xtape::report::Picture(width, height, svg.elements()).svg();
}

void write_files(const std::string& json, const std::string& svg, const std::string& title,
                 int threads, const std::vector<Timing>& timings) {
  const auto write = [](const std::string& file, const std::string& text) {
    if (file.empty()) return;
    std::ofstream out(file);
    if (!(out << text).flush()) throw std::runtime_error("cannot write " + file);
  };
  std::ostringstream text, picture;
  write_json(text, blas_description(), threads, timings);
  write_svg(picture,
            title + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"),
            timings);
  write(json, text.str());
  write(svg, picture.str());
}

}  // namespace bench
