// Random programs keep what the library promises: see properties.cpp.
#include <cstdio>
#include <cstdlib>

#include "properties.hpp"
#include "target.hpp"

int run_target(std::span<const std::uint8_t> bytes) {
  const Program program = decoded(Decisions(bytes));
  const std::string promise = broken_promise(program);
  if (promise.empty()) return 0;
  std::fprintf(stderr, "%s\n%s", promise.c_str(), program.text().c_str());
  const Program small = shortened(program);
  std::fprintf(stderr, "in short: %s\n%s", broken_promise(small).c_str(), small.text().c_str());
  return 1;
}

std::string target_counts() { return promises_kept(); }
