#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contestant.hpp"

namespace bench {

/// How many threads a contestant has, and how many BLAS has beneath it.
struct ThreadCounts {
  int own = 1, blas = 1;
};

/// A contestant in this process.
class Local : public Contestant {
 public:
  /// Makes a step; gives its loss.
  using Step = std::function<double()>;

  Local(std::string name, ThreadCounts threads) : name_(std::move(name)), threads_(threads) {}

  std::string name() const override { return name_; }
  void load(const std::string&, const Problem&) override {}
  std::vector<double> losses(const std::string& key, int steps) override;
  double time(const std::string& key, int steps) override;
  Usage usage(const std::string& key, int steps) override;
  /// In this process, which should not have trained before.
  Usage usage_here(const std::string& key, int steps);

 protected:
  /// From the initial weights.
  virtual Step start(const std::string& key) = 0;

 private:
  void use_threads() const;

  std::string name_;
  ThreadCounts threads_;
};

/// Trains workloads: Model(problem), and float step() for one training step.
template <class Model>
class LocalContestant : public Local {
 public:
  using Local::Local;
  void load(const std::string& key, const Problem& problem) override { problems_[key] = &problem; }

 private:
  Step start(const std::string& key) override {
    const auto model = std::make_shared<Model>(*problems_.at(key));
    return [model] { return static_cast<double>(model->step()); };
  }

  std::map<std::string, const Problem*> problems_;
};

/// Whether these arguments are those by which Local::usage starts this program anew. Then `find` is
/// asked for the contestant of a name that has a workload, and what that uses is printed.
bool told_usage(int argc, char** argv,
                const std::function<Local*(const std::string& name, const std::string& key)>& find);

}  // namespace bench
