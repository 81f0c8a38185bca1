#include "report.hpp"

#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "machine.hpp"

namespace bench {
namespace {

constexpr int description_width = 42;
constexpr int time_width = 10;
constexpr int ratio_width = 8;
constexpr int name_width = time_width + ratio_width;

/// Three significant digits, or all those of the whole part.
std::string format(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(value >= 100 ? 0 : value >= 10 ? 1 : 2) << value;
  return text.str();
}

std::vector<double> ratios(const std::vector<double>& times, const std::vector<double>& floor) {
  std::vector<double> result;
  for (std::size_t round = 0; round < times.size(); ++round) {
    result.push_back(times[round] / floor[round]);
  }
  return result;
}

}  // namespace

double median_ratio(const std::vector<double>& times, const std::vector<double>& reference) {
  return median(ratios(times, reference));
}

void print_header(std::ostream& out, const std::vector<std::string>& contestants) {
  out << std::left << std::setw(description_width) << "us per step, ratio to the floor"
      << std::right << std::setw(time_width) << contestants.front();
  for (std::size_t i = 1; i < contestants.size(); ++i) {
    out << std::setw(name_width) << ' ' + contestants[i];
    if (i == 1) out << std::setw(ratio_width) << "target";
  }
  out << '\n';
}

void print_row(std::ostream& out, const Result& result) {
  const Workload& workload = result.workload;
  out << std::left << std::setw(description_width) << workload.name + "  " + workload.description
      << std::right << std::setw(time_width) << format(median(result.times[0]));
  for (std::size_t i = 1; i < result.times.size(); ++i) {
    out << std::setw(time_width) << format(median(result.times[i])) << std::setw(ratio_width)
        << format(median_ratio(result.times[i], result.times[0]));
    if (i > 1) continue;
    out << std::setw(ratio_width) << (workload.target > 0 ? "<= " + format(workload.target) : "");
  }
  out << std::endl;
}

void print_usage(std::ostream& out, const std::string& contestant, const Usage& usage) {
  out << "    " << std::left << std::setw(description_width) << contestant << std::right
      << std::setw(time_width) << format(usage.faults) << " faults" << std::setw(time_width)
      << format(usage.megabytes) << " MB";
  if (usage.tensors > 0) out << ", of tensors " << format(usage.tensors);
  out << std::endl;
}

void print_footer(std::ostream& out) {
  out << "\nThe floor is cblas and fused loops written by hand, without autodiff. Times are "
         "medians;\n"
         "a ratio is the median of the ratios of each round. The targets are for one thread.\n";
}

void write_csv_header(std::ostream& out) {
  out << "workload,contestant,round,microseconds_per_step,ratio_to_floor\n";
}

void write_csv_rows(std::ostream& out, const std::vector<std::string>& contestants,
                    const Result& result) {
  for (std::size_t i = 0; i < result.times.size(); ++i) {
    const auto ratio = ratios(result.times[i], result.times[0]);
    for (std::size_t round = 0; round < ratio.size(); ++round) {
      out << result.workload.name << ',' << contestants[i] << ',' << round + 1 << ','
          << result.times[i][round] << ',' << ratio[round] << '\n';
    }
  }
}

}  // namespace bench
