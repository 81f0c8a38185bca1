#include "local.hpp"

#include <xtape/core/memory.hpp>
#include <xtape/core/threads.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "machine.hpp"
#include "memory_used.hpp"
#include "process.hpp"

namespace bench {

void Local::use_threads() const {
  xtape::set_threads(threads_.own);
  use_blas_threads(threads_.blas);
}

std::vector<double> Local::losses(const std::string& key, int steps) {
  use_threads();
  const Step step = start(key);
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(step());
  return losses;
}

double Local::time(const std::string& key, int steps) {
  use_threads();
  struct {
    Step step;
  } model{start(key)};
  return time_steps(model, steps);
}

Usage Local::usage_here(const std::string& key, int steps) {
  constexpr int untimed = 4;
  use_threads();
  const double before = memory_megabytes("VmRSS");
  const Step step = start(key);
  for (int i = 0; i < untimed; ++i) step();
  xtape::memory::reset_peak_bytes();
  const double faults = page_faults();
  for (int i = 0; i < steps; ++i) step();
  return {.faults = (page_faults() - faults) / steps,
          .megabytes = memory_megabytes("VmHWM") - before,
          .tensors = static_cast<double>(xtape::memory::peak_bytes()) / (1 << 20)};
}

Usage Local::usage(const std::string& key, int steps) {
  const Run run = run_process({this_program(), "--usage", name_, key, std::to_string(steps)});
  std::istringstream in(run.output.at(0));
  Usage usage;
  if (in >> usage.faults >> usage.megabytes >> usage.tensors) return usage;
  throw std::runtime_error(name_ + " does not tell what it uses");
}

bool told_usage(
    int argc, char** argv,
    const std::function<Local*(const std::string& name, const std::string& key)>& find) {
  if (argc != 5 || std::string(argv[1]) != "--usage") return false;
  Local* const contestant = find(argv[2], argv[3]);
  if (contestant == nullptr) throw std::runtime_error(std::string("nobody is ") + argv[2]);
  const Usage usage = contestant->usage_here(argv[3], std::max(1, std::atoi(argv[4])));
  std::cout << usage.faults << ' ' << usage.megabytes << ' ' << usage.tensors << '\n';
  return true;
}

}  // namespace bench
