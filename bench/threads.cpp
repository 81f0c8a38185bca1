// Times training steps and operations with several numbers of threads, side by side, and fits how
// they scale: Amdahl's law, T(n) = T(1) (s + (1 - s) / n), by least squares over the numbers
// measured.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "machine.hpp"
#include "rows.hpp"
#include "support/program.hpp"
#include "workloads.hpp"
#include "xtape_models.hpp"

namespace {

using namespace xtape;

struct Task {
  std::string name;
  std::function<void()> run;
};

Tensor normal(const Shape& shape) { return default_rng().normal(shape, 0, 1, Dtype::float32); }

/// A training step of a model on labels.
std::function<void()> training(const nn::Sequential& model, const Tensor& x, std::int64_t classes) {
  const auto optimizer = std::make_shared<optim::Adam>(model.parameters());
  const Tensor y = default_rng().integers(0, classes, {x.extent(0)});
  return [=] {
    const Tensor loss = nn::cross_entropy(model(x), y);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  };
}

nn::Sequential lenet() {
  return nn::Sequential{nn::Conv2d(1, 6, 5),  nn::ReLU(),          nn::MaxPool2d(2),
                        nn::Conv2d(6, 16, 5), nn::ReLU(),          nn::MaxPool2d(2),
                        nn::Flatten(),        nn::Dense(256, 120), nn::ReLU(),
                        nn::Dense(120, 84),   nn::ReLU(),          nn::Dense(84, 10)};
}

/// A function with its gradient by x.
std::function<void()> with_gradient(const std::function<Tensor(const Tensor&)>& f,
                                    const Shape& shape) {
  const Tensor x = normal(shape).set_requires_grad(true);
  return [=] { static_cast<void>(grad(sum(f(x)), {x})); };
}

std::vector<Task> tasks() {
  std::vector<Task> all;
  for (const bench::Workload& workload : bench::workloads()) {
    const auto model = std::make_shared<bench::XtapeModel>(bench::make_problem(workload));
    all.push_back({workload.name + ": " + workload.description, [=] { model->step(); }});
  }
  all.push_back({"LeNet, batch 64", training(lenet(), normal({64, 1, 28, 28}), 10)});
  const nn::LSTM lstm(128, 128);
  all.push_back({"LSTM 128, 50 steps, batch 32",
                 with_gradient([=](const Tensor& x) { return lstm(x); }, {32, 50, 128})});
  all.push_back(
      {"attention, 16 x 4 heads, 256 x 32",
       with_gradient([](const Tensor& x) { return scaled_dot_product_attention(x, x, x); },
                     {16, 4, 256, 32})});
  all.push_back({"LayerNorm 2048 x 512",
                 with_gradient([](const Tensor& x) { return layer_norm(x, {512}); }, {2048, 512})});
  all.push_back({"matmul 512", [x = normal({512, 512})] { static_cast<void>(matmul(x, x)); }});
  for (const std::int64_t n : {100'000, 1'000'000}) {
    const Tensor x = normal({n});
    const std::string of = ", " + std::to_string(n);
    all.push_back({"exp" + of, [=] { static_cast<void>(exp(x)); }});
    all.push_back({"add" + of, [=] { static_cast<void>(x + x); }});
    all.push_back({"sum" + of, [=] { static_cast<void>(sum(x)); }});
  }
  return all;
}

double microseconds(const Task& task, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) task.run();
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  return time.count() / calls;
}

/// The share of T(1) that does not get shorter: T(n) / T(1) - 1 / n = s (1 - 1 / n). There is none
/// where threads are faster than their number, since more caches hold more.
std::optional<double> serial_share(const std::vector<int>& counts,
                                   const std::vector<double>& ratios) {
  double along = 0, squares = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double rest = 1 - 1.0 / counts[i];
    along += (ratios[i] - 1.0 / counts[i]) * rest;
    squares += rest * rest;
  }
  if (squares == 0 || along < 0) return {};
  return std::min(along / squares, 1.0);
}

void measure(const Task& task, const std::vector<int>& counts, int rounds, bench::Rows& rows) {
  constexpr double slot = 30'000;  // microseconds a round and number of threads
  set_threads(1);
  task.run();
  const int calls = std::max(1, static_cast<int>(slot / microseconds(task, 1)));
  std::vector<std::vector<double>> times(counts.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      set_threads(counts[i]);
      task.run();  // starts or wakes them
      times[i].push_back(microseconds(task, calls));
    }
  }
  std::vector<double> ratios;
  std::cout << std::left << std::setw(44) << task.name << std::right << std::fixed;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::vector<double> of_rounds;
    for (std::size_t round = 0; round < times[i].size(); ++round)
      of_rounds.push_back(times[i][round] / times[0][round]);
    ratios.push_back(bench::median(of_rounds));
    if (i == 0)
      std::cout << std::setw(11) << std::setprecision(1) << bench::median(times[0]);
    else
      std::cout << std::setw(8) << std::setprecision(2) << ratios.back();
  }
  bench::Rows::Numbers numbers{{"1", bench::median(times[0])}};
  for (std::size_t i = 1; i < counts.size(); ++i)
    numbers.emplace_back(std::to_string(counts[i]), ratios[i]);
  if (const std::optional<double> share = serial_share(counts, ratios)) {
    std::cout << std::setw(9) << *share;
    numbers.emplace_back("serial", *share);
    for (const int cores : {16, 64}) {
      const double faster = 1 / (*share + (1 - *share) / cores);
      std::cout << std::setw(9) << std::setprecision(1) << faster;
      numbers.emplace_back("of " + std::to_string(cores), faster);
    }
  }
  std::cout << std::endl;
  rows.add(task.name, numbers);
}

std::vector<int> numbers_of(const std::vector<std::string>& words) {
  std::vector<int> counts{1};
  for (const std::string& word : words) {
    std::size_t end = 0;
    const int count = std::isdigit(static_cast<unsigned char>(word[0])) ? std::stoi(word, &end) : 0;
    if (count < 2 || end != word.size())
      throw UsageError("--threads", "numbers of 2 and more are needed; got " + word);
    counts.push_back(count);
  }
  return counts;
}

void measure_all(const std::vector<int>& counts, int rounds, const std::string& only,
                 const std::string& json) {
  bench::Rows rows;
  bench::use_blas_threads(1);
  std::cout << bench::blas_description() << "; " << usable_cores() << " cores, " << rounds
            << " rounds\n\n"
            << std::left << std::setw(44) << "" << std::right << std::setw(11) << "1: us";
  for (std::size_t i = 1; i < counts.size(); ++i) std::cout << std::setw(8) << counts[i];
  std::cout << "   serial  of 16    of 64\n";
  for (const Task& task : tasks()) {
    if (task.name.rfind(only, 0) == 0) measure(task, counts, rounds, rows);
  }
  rows.write(json);
  std::cout << "\nRatios to the time of one thread, medians over rounds. serial: the share s of "
               "Amdahl's law that\nfits them; of 16, of 64: the speed-up that it then predicts "
               "for so many cores, of memory\nthat is fast enough.\n";
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> counts;
  for (int n = 2; n < usable_cores(); n *= 2) counts.push_back(std::to_string(n));
  counts.push_back(std::to_string(std::max(2, usable_cores())));
  int rounds = 11;
  std::string only, json;
  return run_program(argc, argv,
                     "Times steps and operations with several numbers of threads, side by side.",
                     {{"--threads", &counts, "Numbers of threads beside 1", separated_by(',')},
                      {"--rounds", &rounds, "Interleaved rounds", integer_in(1, 1'000'000)},
                      {"--only", &only, "Tasks whose names begin so"},
                      {"--json", &json, "Writes the table to this file too"}},
                     [&] { measure_all(numbers_of(counts), rounds, only, json); });
}
