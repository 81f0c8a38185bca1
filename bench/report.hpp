#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "contestant.hpp"
#include "workloads.hpp"

namespace bench {

/// What was measured on a workload: microseconds a step, by contestant and round.
struct Result {
  Workload workload;
  std::vector<std::vector<double>> times;
  std::vector<Usage> usage;  // of each contestant, or nothing
};

/// The median of the ratios of two contestants' times within each round.
double median_ratio(const std::vector<double>& times, const std::vector<double>& reference);

/// A table: for each workload the median time of each contestant, and its ratio to the first, the
/// floor; the second is xtape.
void print_header(std::ostream& out, const std::vector<std::string>& contestants);
void print_row(std::ostream& out, const Result& result);
void print_footer(std::ostream& out);
/// Of each: page faults of a step, memory by which a process grows, and the most that tensors take.
void print_usage(std::ostream& out, const std::string& contestant, const Usage& usage);

/// workload,contestant,round,microseconds_per_step,ratio_to_floor
void write_csv_header(std::ostream& out);
void write_csv_rows(std::ostream& out, const std::vector<std::string>& contestants,
                    const Result& result);

}  // namespace bench
