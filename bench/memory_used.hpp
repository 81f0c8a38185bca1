#pragma once

#include <sys/resource.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {

/// A line of /proc/self/status, in MB: VmRSS is the resident memory, VmHWM the most there was.
inline double memory_megabytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == name + ":" && status >> kilobytes) return kilobytes / 1024;
  }
  throw std::runtime_error("/proc/self/status does not tell " + name);
}

/// Page faults of this process that read nothing from a disk.
inline double page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_minflt);
}

}  // namespace bench
