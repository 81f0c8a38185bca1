#include "machine.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <xtape/core/threads.hpp>

// What OpenBLAS has beyond the C interface of BLAS; null with another BLAS.
extern "C" {
[[gnu::weak]] void openblas_set_num_threads(int);
[[gnu::weak]] char* openblas_get_config();
[[gnu::weak]] char* openblas_get_corename();
}

namespace bench {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void use_blas_threads(int threads) {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
}

void use_threads(int threads) {
  setenv("XTAPE_THREADS", std::to_string(threads).c_str(), 1);  // of processes that this one starts
  xtape::set_threads(threads);
  use_blas_threads(threads);
  cpu_set_t allowed, taken;
  CPU_ZERO(&taken);
  CPU_SET(static_cast<unsigned>(std::max(sched_getcpu(), 0)), &taken);
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (unsigned cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&taken) < threads; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &taken);
  sched_setaffinity(0, sizeof taken, &taken);
}

int threads_of_parent() {
  const char* const count = std::getenv("XTAPE_THREADS");
  return count == nullptr ? 1 : std::max(1, std::atoi(count));
}

std::string blas_description() {
  if (openblas_get_config == nullptr) return "a BLAS other than OpenBLAS";
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 ..."
  std::string text = config.substr(0, config.find(' ', config.find(' ') + 1));
  text += std::string(", kernels for ") + openblas_get_corename();
  if (const char* forced = std::getenv("OPENBLAS_CORETYPE"); forced != nullptr && *forced != '\0') {
    text += std::string(" (OPENBLAS_CORETYPE=") + forced + " asks for them)";
  }
  return text;
}

std::string this_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string file_beside_program(const std::string& name) {
  return (std::filesystem::path(this_program()).parent_path() / name).string();
}

}  // namespace bench
