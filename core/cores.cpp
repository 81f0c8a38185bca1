#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include <xtape/core/threads.hpp>

namespace xtape {
namespace {

/// Of the affinity mask; hardware_concurrency counts all that there are.
int cores_in_mask() {
  constexpr unsigned most = 1024;  // that a mask of fixed size counts
#ifdef __linux__
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) return CPU_COUNT(&mask);
#endif
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, most));
}

/// Processors' worth of time that a control group may use, version 2 or 1; infinity if it has no
/// bound.
double quota_of(const std::string& folder) {
  double quota = -1, period = 0;
  if (std::ifstream(folder + "/cpu.max") >> quota >> period) return quota / period;
  std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
  std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  return quota > 0 && period > 0 ? quota / period : std::numeric_limits<double>::infinity();
}

/// The least quota of the control groups that this process is in, one within the other.
double tightest_quota() {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/a/b" or "4:cpu,cpuacct:/a/b"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers.find("cpu") == std::string::npos) continue;
    const std::string root = "/sys/fs/cgroup" + (controllers.empty() ? "" : "/" + controllers);
    std::string group = line.substr(second + 1);
    while (true) {
      least = std::min(least, quota_of(root + group));
      const std::size_t slash = group.find_last_of('/');
      if (slash == std::string::npos) break;
      group.resize(slash);
    }
  }
  return least;
}

}  // namespace

int usable_cores() {
  const double cores = std::min<double>(cores_in_mask(), std::ceil(tightest_quota()));
  return std::max(1, static_cast<int>(cores));
}

}  // namespace xtape
