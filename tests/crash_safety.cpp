// Whoever writes a file is killed at random moments, finds the disk full or the folder read-only:
// there is the old file or the new one, whole, and what went wrong is named.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/temporary_directory.hpp"
#include "support/writers.hpp"

using namespace xtape;
namespace fs = std::filesystem;

namespace {

using writers::content;
using writers::Writer;

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// What `work` says of itself in a child process: nothing, if all is right.
std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::string text;
    try {
      text = work();
    } catch (const std::exception& error) {
      text = std::string("threw ") + error.what();
    }
    const bool told = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  close(ends[0]);
  const int status = wait_for(child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "ended by itself: " + text;
}

/// What is wrong after a writer could not write a new version over the old one.
std::string fault_of(const Writer& writer, const std::string& folder, const std::string& reason) {
  const std::string path = writer.path_in(folder), old = content(path);
  try {
    writer.write(path, 1);
    return writer.name + " says nothing\n";
  } catch (const IoError& error) {
    const std::string text = error.what();
    if (text.find(path) == std::string::npos || text.find(reason) == std::string::npos)
      return writer.name + " says: " + text + '\n';
  }
  if (content(path) != old) return writer.name + " has changed the old file\n";
  if (std::distance(fs::directory_iterator(folder), {}) != 1)
    return writer.name + " leaves something\n";
  return {};
}

/// A file system of its own for a process that may mount: so many bytes of memory.
bool mount_small(const std::string& folder, const std::string& size) {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

}  // namespace

TEST_CASE("crash safety: killed at random moments, the old file or the new one is there, whole") {
  const TemporaryDirectory directory;
  const char* wanted = std::getenv("XTAPE_KILLS");
  const int kills = wanted == nullptr ? 8 : std::atoi(wanted);
  Rng rng(7);
  int in_the_middle = 0;
  for (const Writer& writer : writers::all()) {
    CAPTURE(writer.name);
    const std::string folder = directory.file(writer.name);
    fs::create_directory(folder);
    const std::string path = writer.path_in(folder);
    std::string versions[2];
    const auto start = std::chrono::steady_clock::now();
    for (const int version : {1, 0}) {
      writer.write(path, version);
      versions[version] = content(path);
    }
    const std::chrono::duration<double> twice = std::chrono::steady_clock::now() - start;
    REQUIRE(versions[0] != versions[1]);
    for (int kill_number = 0; kill_number < kills; ++kill_number) {
      const pid_t child = fork();
      if (child == 0) {
        alarm(60);
        for (int version = 1;; version = 1 - version) writer.write(path, version);
      }
      std::this_thread::sleep_for(rng.uniform() * 2 * twice);
      kill(child, SIGKILL);
      REQUIRE(WIFSIGNALED(wait_for(child)));
      const std::string found = content(path);
      CHECK((found == versions[0] || found == versions[1]));
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path() == path) continue;
        CHECK(entry.path().extension() == ".tmp");
        ++in_the_middle;
        fs::remove(entry.path());
      }
    }
    writer.write(path, 1);  // what is left of others does no harm
    CHECK(content(path) == versions[1]);
  }
  MESSAGE(kills << " kills of each writer, " << in_the_middle << " in the middle of a file");
}

TEST_CASE("crash safety: a file that may not grow stays as it was, and the error names it") {
  const TemporaryDirectory directory;
  const auto folder_of = [&](const Writer& writer) { return directory.file(writer.name); };
  for (const Writer& writer : writers::all()) {
    fs::create_directory(folder_of(writer));
    writer.write(writer.path_in(folder_of(writer)), 0);
  }
  CHECK(in_child([&] {
          std::signal(SIGXFSZ, SIG_IGN);
          std::string faults;
          for (const Writer& writer : writers::all()) {
            for (const rlim_t most : {rlim_t{0}, rlim_t{1}, rlim_t{100}}) {
              const rlimit limit{most, RLIM_INFINITY};
              setrlimit(RLIMIT_FSIZE, &limit);
              faults += fault_of(writer, folder_of(writer), "File too large");
            }
          }
          return faults;
        }) == "");
}

TEST_CASE("crash safety: a full disk and a read-only one leave the file as it was") {
  const TemporaryDirectory directory;
  const std::string told = in_child([&]() -> std::string {
    if (!mount_small(directory.path(), "200k")) return "no mounting";
    std::string faults;
    for (const Writer& writer : writers::all()) {
      fs::create_directory(directory.file(writer.name));
      std::ofstream(writer.path_in(directory.file(writer.name))) << "old";
    }
    {
      std::ofstream filler(directory.file("filler"));
      while (filler << std::string(1024, 'x') << std::flush) {
      }
    }
    for (const Writer& writer : writers::all()) {
      const std::string folder = directory.file(writer.name);
      faults += fault_of(writer, folder, "No space left on device");
      mount("none", directory.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
      faults += fault_of(writer, folder, "Read-only file system");
      mount("none", directory.path().c_str(), nullptr, MS_REMOUNT, nullptr);
    }
    return faults;
  });
  if (told == "no mounting")
    MESSAGE("this process may not mount file systems");
  else
    CHECK(told == "");
}

TEST_CASE("crash safety: events that were written are there after a kill") {
  const TemporaryDirectory directory;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    report::EventWriter events(directory.path());
    for (std::int64_t step = 0;; ++step) {
      events.scalar("loss", 0.5, step);
      if (write(ends[1], "x", 1) != 1) _exit(1);
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  kill(child, SIGKILL);
  wait_for(child);
  close(ends[1]);
  std::size_t told = 0;
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    told += static_cast<std::size_t>(count);
  close(ends[0]);
  REQUIRE(told > 0);
  const std::string all = content(fs::directory_iterator(directory.path())->path().string());
  std::size_t records = 0, at = 0;  // each with 8 bytes of length, 4 and 4 of checksums
  while (at + 12 <= all.size()) {
    std::uint64_t length = 0;
    for (std::size_t i = 8; i > 0; --i)
      length = length << 8U | static_cast<unsigned char>(all[at + i - 1]);
    if (length > all.size() - at - 12 || all.size() - at - 12 - length < 4) break;
    at += 16 + length;
    ++records;
  }
  CHECK(records >= told + 1);  // the first says what version the file has
}
