#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contestant.hpp"
#include "process.hpp"

namespace bench {

/// A contestant in a process of its own, alive for the whole run so that its rounds can be
/// interleaved with the others'; between its turns it waits for input and takes no time. One line
/// asks, one line answers:
///     version          ->  name and version
///     load NAME FILE   ->  ok                      (FILE as written by write_problem)
///     losses NAME K    ->  the losses of the first K steps from the initial weights
///     step NAME K      ->  microseconds of K steps from the initial weights, after untimed ones
///     usage NAME K     ->  page faults of each of K steps, and the MB by which the process has grown
///                          at most, since it loaded
class Peer : public Contestant {
 public:
  /// Starts a program; null if it is not there or ends before it has told its version.
  static std::unique_ptr<Peer> start(const std::vector<std::string>& command,
                                     const std::filesystem::path& scratch);

  std::string name() const override { return name_; }
  void load(const std::string& key, const Problem& problem) override;
  std::vector<double> losses(const std::string& key, int steps) override;
  double time(const std::string& key, int steps) override;
  Usage usage(const std::string& key, int steps) override;

 private:
  Peer(const std::vector<std::string>& command, std::filesystem::path scratch)
      : process_(command), command_(command), scratch_(std::move(scratch)) {}
  std::string ask(const std::string& line);

  Process process_;
  std::vector<std::string> command_;
  std::map<std::string, const Problem*> problems_;
  std::filesystem::path scratch_;  // where problems are written
  std::string name_;
};

/// Whoever is there of the programs of libtorch, NumPy and JAX, which stand beside this one.
std::vector<std::unique_ptr<Contestant>> start_peers(int threads,
                                                     const std::filesystem::path& scratch);

}  // namespace bench
