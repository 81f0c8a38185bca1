#include "workloads.hpp"

#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

/// SplitMix64 (Steele, Lea and Flood 2014) and normals by Box and Muller (1958): small, and the
/// same everywhere, which the distributions of <random> are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }

  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

std::int64_t classes(const Workload& workload) {
  return workload.loss == Loss::softmax_cross_entropy ? workload.widths.back() : 2;
}

/// Point i of n on arm c: radius i / (n - 1), angle 2.5 (4 c + 4 i / (n - 1) + 0.2 noise).
void make_spiral(Problem& problem, Random& random) {
  const std::int64_t arms = classes(problem.workload);
  const std::int64_t points = problem.workload.samples / arms;
  for (std::int64_t arm = 0; arm < arms; ++arm) {
    for (std::int64_t point = 0; point < points; ++point) {
      const double radius = static_cast<double>(point) / static_cast<double>(points - 1);
      const double angle = 2.5 * (4 * (static_cast<double>(arm) + radius) + 0.2 * random.normal());
      problem.inputs.push_back(static_cast<float>(radius * std::sin(angle)));
      problem.inputs.push_back(static_cast<float>(radius * std::cos(angle)));
      problem.labels.push_back(arm);
    }
  }
}

/// Inputs uniform in [-1, 1), labels at random: enough to time arithmetic that does not depend on
/// the values.
void make_noise(Problem& problem, Random& random) {
  const std::int64_t samples = problem.workload.samples;
  for (std::int64_t i = 0; i < samples * problem.workload.widths.front(); ++i) {
    problem.inputs.push_back(static_cast<float>(2 * random.uniform() - 1));
  }
  for (std::int64_t i = 0; i < samples; ++i) {
    problem.labels.push_back(random.below(classes(problem.workload)));
  }
}

/// The book's 0.01 randn for the spirals; for the deeper networks He et al. 2015, sqrt(2 / inputs)
/// randn.
void make_weights(Problem& problem, Random& random) {
  const auto& widths = problem.workload.widths;
  for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
    const double scale =
        widths[0] == 2 ? 0.01 : std::sqrt(2.0 / static_cast<double>(widths[layer]));
    auto& weight = problem.weights.emplace_back();
    for (std::int64_t i = 0; i < widths[layer] * widths[layer + 1]; ++i) {
      weight.push_back(static_cast<float>(scale * random.normal()));
    }
  }
}

template <class T>
void write_values(std::ostream& out, const std::vector<T>& values) {
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
}

template <class T>
std::vector<T> read_values(std::istream& in, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!in) throw std::runtime_error("problem file: ends too early");
  return values;
}

Workload parse_header(const std::string& line) {
  std::istringstream in(line);
  Workload workload{};
  int loss = 0, rule = 0;
  in >> workload.samples >> loss >> rule >> workload.learning_rate >> workload.momentum >>
      workload.decay >> workload.l2 >> workload.dropout;
  workload.loss = static_cast<Loss>(loss);
  workload.rule = static_cast<Rule>(rule);
  for (std::int64_t width = 0; in >> width;) workload.widths.push_back(width);
  return workload;
}

}  // namespace

Problem make_problem(const Workload& workload) {
  Problem problem{.workload = workload, .inputs = {}, .labels = {}, .weights = {}};
  Random random(2024);
  if (workload.widths.front() == 2) {
    make_spiral(problem, random);
  } else {
    make_noise(problem, random);
  }
  make_weights(problem, random);
  return problem;
}

void write_problem(const Problem& problem, const std::filesystem::path& file) {
  const Workload& workload = problem.workload;
  std::ofstream out(file, std::ios::binary);
  out.precision(9);
  out << workload.samples << ' ' << static_cast<int>(workload.loss) << ' '
      << static_cast<int>(workload.rule) << ' ' << workload.learning_rate << ' '
      << workload.momentum << ' ' << workload.decay << ' ' << workload.l2 << ' '
      << workload.dropout;
  for (const auto width : workload.widths) out << ' ' << width;
  out << '\n';
  write_values(out, problem.inputs);
  write_values(out, problem.labels);
  for (const auto& weight : problem.weights) write_values(out, weight);
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

Problem read_problem(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string header;
  if (!std::getline(in, header)) throw std::runtime_error("cannot read " + file.string());
  Problem problem{.workload = parse_header(header), .inputs = {}, .labels = {}, .weights = {}};
  const auto& widths = problem.workload.widths;
  problem.inputs = read_values<float>(in, problem.workload.samples * widths.front());
  problem.labels = read_values<std::int64_t>(in, problem.workload.samples);
  for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
    problem.weights.push_back(read_values<float>(in, widths[layer] * widths[layer + 1]));
  }
  return problem;
}

}  // namespace bench
