// Makes so many training steps of a workload, for tools that count what a step takes.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include "workloads.hpp"
#include "xtape_models.hpp"

int main(int count, char** arguments) {
  const auto all = bench::workloads();
  const std::string name = count > 1 ? arguments[1] : "";
  const auto workload =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  const int steps = count > 2 ? std::atoi(arguments[2]) : 0;
  if (count != 3 || workload == all.end() || steps < 1) {
    std::cerr << "usage: bench_steps WORKLOAD STEPS\n";
    return 2;
  }
  bench::XtapeModel model(bench::make_problem(*workload));
  float loss = 0;
  for (int step = 0; step < steps; ++step) loss = model.step();
  std::cout << loss << '\n';
}
