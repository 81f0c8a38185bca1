#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

/// The ends of a pipe, which no other child inherits: a child must see its input end when we close
/// it.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for a process");
    read = ends[0];
    write = ends[1];
  }
  int read, write;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

void close_once(int& file) {
  if (file >= 0) close(std::exchange(file, -1));
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  std::signal(SIGPIPE, SIG_IGN);  // a child that has ended is found by the failing write
  const Pipe input, output;
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO);
  const int error = posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(input.read);
  close(output.write);
  to_ = input.write;
  from_ = output.read;
  if (error == 0) return;
  close_once(to_);
  close_once(from_);
  throw std::runtime_error("cannot start " + command[0]);
}

Process::~Process() { finish(); }

bool Process::write_line(const std::string& line) {
  const std::string text = line + '\n';
  return write(to_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<std::string> Process::read_line() {
  std::string line;
  for (char c = 0; read(from_, &c, 1) == 1;) {
    if (c == '\n') return line;
    line += c;
  }
  return {};
}

Process::End Process::finish() {
  close_once(to_);
  close_once(from_);
  if (id_ < 0) return {.exit_code = -1, .processor_seconds = 0, .peak_megabytes = 0};
  int status = 0;
  rusage usage{};
  wait4(std::exchange(id_, -1), &status, 0, &usage);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .processor_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .peak_megabytes = static_cast<double>(usage.ru_maxrss) / 1024};
}

Run run_process(const std::vector<std::string>& command) {
  const auto start = std::chrono::steady_clock::now();
  Process process(command);
  Run run{};
  while (auto line = process.read_line()) run.output.push_back(*std::move(line));
  const Process::End end = process.finish();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.processor_seconds = end.processor_seconds;
  run.peak_megabytes = end.peak_megabytes;
  if (end.exit_code != 0) throw std::runtime_error(command[0] + " failed");
  return run;
}

}  // namespace bench
