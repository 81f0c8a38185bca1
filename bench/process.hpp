#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// A child process, with pipes to its standard input and from its standard output.
class Process {
 public:
  /// Throws std::runtime_error if the program is not there.
  explicit Process(const std::vector<std::string>& command);
  /// Closes the child's input and waits for its end.
  ~Process();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// False if the child no longer reads.
  bool write_line(const std::string& line);
  /// Nothing if the child has closed its output.
  std::optional<std::string> read_line();

  struct End {
    int exit_code;
    double processor_seconds;  // of the child and those that it waited for
    double peak_megabytes;     // of that one of them that had the most
  };
  End finish();

 private:
  pid_t id_ = -1;
  int to_ = -1;
  int from_ = -1;
};

/// What a run of a program took.
struct Run {
  double seconds;  // from its start to its end
  double processor_seconds;
  double peak_megabytes;
  std::vector<std::string> output;
};

/// Runs a program to its end. Throws std::runtime_error unless its exit code is 0.
Run run_process(const std::vector<std::string>& command);

}  // namespace bench
