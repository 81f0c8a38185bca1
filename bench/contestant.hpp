#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "workloads.hpp"

namespace bench {

/// What steps take beside time. Zeros where it is not told.
struct Usage {
  double faults = 0;     // of pages, a step
  double megabytes = 0;  // by which a process of its own grew at most, data included
  double tensors = 0;    // the most megabytes in use by tensors during a step; 0 if nobody knows
};

/// One of those who train the workloads. Each call starts from the initial weights.
class Contestant {
 public:
  Contestant() = default;
  Contestant(const Contestant&) = delete;
  Contestant& operator=(const Contestant&) = delete;
  virtual ~Contestant() = default;

  virtual std::string name() const = 0;
  /// Makes a problem known under a key, until the next; it must live as long.
  virtual void load(const std::string& key, const Problem& problem) = 0;
  /// The losses of the first steps, each before its update.
  virtual std::vector<double> losses(const std::string& key, int steps) = 0;
  /// Microseconds that so many steps take, after untimed ones that fill caches and pools.
  virtual double time(const std::string& key, int steps) = 0;
  /// Of so many steps in a process of its own.
  virtual Usage usage(const std::string& key, int steps) = 0;
};

/// How Contestant::time measures a model, in this process and in the peers written in C++.
template <class Model>
double time_steps(Model& model, int steps) {
  constexpr int untimed = 4;  // a replay is traced in the first two
  for (int i = 0; i < untimed; ++i) model.step();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) model.step();
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::micro>(end - start).count();
}

}  // namespace bench
