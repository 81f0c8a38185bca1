#pragma once
#include <sys/wait.h>
#include <unistd.h>

/// Whether a child process that does `work` ends by itself, and finds all right: `work` returns
/// that, or nothing.
template <class Work>
bool child_ends(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    if constexpr (requires { bool(work()); }) {
      _exit(work() ? 0 : 1);
    } else {
      work();
      _exit(0);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
