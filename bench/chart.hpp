#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "contestant.hpp"

namespace bench {

/// One workload: times by contestant and round, in microseconds a step. The first is xtape, or what
/// it is measured by.
struct Timing {
  std::string name, description;
  std::vector<std::string> contestants;
  std::vector<std::vector<double>> times;
  std::vector<Usage> usage = {};  // of each, or nothing
};

/// An object of machine, threads and workloads, with the times of all rounds.
void write_json(std::ostream& out, const std::string& machine, int threads,
                const std::vector<Timing>& timings);

/// Bars: how many times as long as the first each contestant takes, in the median over rounds, on a
/// logarithmic scale; xtape's stand out.
void write_svg(std::ostream& out, const std::string& title, const std::vector<Timing>& timings);

/// The two, each into a file unless its name is empty. Throws std::runtime_error if one cannot be
/// written.
void write_files(const std::string& json, const std::string& svg, const std::string& title,
                 int threads, const std::vector<Timing>& timings);

}  // namespace bench
