#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "contestant.hpp"
#include "report.hpp"

namespace bench {

using Contestants = std::vector<std::unique_ptr<Contestant>>;

/// A directory that is gone at the end, with what is in it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Throws std::runtime_error unless all contestants see the losses of the first over some steps
/// with a small rate and without dropout: the times compared are those of the same mathematics.
void check_same_losses(const Contestants& contestants, const Workload& workload);

/// The same of a workload that they have already, under its key.
void compare_losses(const std::vector<Contestant*>& contestants, const std::string& key);

/// Microseconds a step, by contestant and round, of a workload that they have already.
std::vector<std::vector<double>> interleaved_times(const std::vector<Contestant*>& contestants,
                                                   const std::string& key, int rounds);

/// What each uses, those left out that compile in minutes, and whose memory is the compiler's.
std::vector<Usage> usages(const std::vector<Contestant*>& contestants, const std::string& key);

/// Times a workload in interleaved rounds: in each, every contestant has a slot of about 75 ms, in
/// rotating order. Then what each uses, unless times alone are wanted.
Result measure(const Contestants& contestants, const Workload& workload, int rounds,
               bool times_only = false);

}  // namespace bench
