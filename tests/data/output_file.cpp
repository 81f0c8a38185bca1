#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/output_file.hpp>

#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::OutputFile;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> names(const TemporaryDirectory& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void save(const std::string& path, const std::string& text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

std::string complaint(const std::string& path, const std::string& text = "x") {
  return error_of<IoError>([&] {
    save(path, text);
    return 0;
  });
}

mode_t mode(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE("output file: appears with commit, whole") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("new");
  {
    OutputFile file(path);
    file.write("hello, ");
    file.write("world");
    CHECK(file.path() == path);
    CHECK_FALSE(fs::exists(path));
    CHECK(names(directory).size() == 1);  // the temporary one
    file.commit();
    CHECK(content(path) == "hello, world");
    CHECK(error_of<IoError>([&] {
            file.write("more");
            return 0;
          }) == path + ": nothing can be written after commit");
  }
  CHECK(names(directory) == std::vector<std::string>{"new"});
  CHECK(content(path) == "hello, world");
}

TEST_CASE("output file: without commit nothing is left, and an older file stays") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file");
  { OutputFile(path).write("half"); }
  CHECK(names(directory).empty());
  save(path, "old");
  { OutputFile(path).write(std::string(1'000'000, 'x')); }
  CHECK(content(path) == "old");
  save(path, "new");
  CHECK(content(path) == "new");
  save(path, "");
  CHECK(content(path).empty());
  CHECK(names(directory) == std::vector<std::string>{"file"});
}

TEST_CASE("output file: two at once, the last one committed stays") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file");
  OutputFile a(path), b(path);
  a.write("a");
  b.write("b");
  b.commit();
  CHECK(content(path) == "b");
  a.commit();
  CHECK(content(path) == "a");
}

TEST_CASE("output file: bytes may be written over") {
  const TemporaryDirectory directory;
  OutputFile file(directory.file("file"));
  file.write("0123456789");
  CHECK(file.position() == 10);
  file.seek(3);
  file.write("abc");
  CHECK(file.position() == 6);
  file.seek(10);
  file.write("!");
  file.commit();
  CHECK(content(file.path()) == "012abc6789!");
}

TEST_CASE("output file: permissions are those of new files, or of the older file") {
  const TemporaryDirectory directory;
  const mode_t mask = umask(027);
  save(directory.file("new"), "x");
  umask(mask);
  CHECK(mode(directory.file("new")) == 0640);
  REQUIRE(chmod(directory.file("new").c_str(), 0604) == 0);
  save(directory.file("new"), "y");
  CHECK(mode(directory.file("new")) == 0604);
}

TEST_CASE("output file: a symbolic link stays one") {
  const TemporaryDirectory directory;
  fs::create_directory(directory.file("inner"));
  fs::create_symlink("inner/file", directory.file("link"));
  fs::create_symlink(directory.file("link"), directory.file("second"));
  for (const char* text : {"created", "replaced"}) {
    save(directory.file("second"), text);
    CHECK(fs::is_symlink(directory.file("second")));
    CHECK(fs::is_symlink(directory.file("link")));
    CHECK(content(directory.file("inner/file")) == text);
  }
  fs::create_symlink("loop", directory.file("loop"));
  CHECK(complaint(directory.file("loop")) ==
        directory.file("loop") + ": cannot be written: Too many levels of symbolic links");
}

TEST_CASE("output file: a pipe is written directly") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("pipe");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  save(path, "through");
  std::array<char, 16> bytes{};
  CHECK(read(reader, bytes.data(), bytes.size()) == 7);
  CHECK(std::string(bytes.data()) == "through");
  close(reader);
  CHECK(names(directory) == std::vector<std::string>{"pipe"});
  save("/dev/null", "x");
}

TEST_CASE("output file: what the process prints to is written where it stands") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("printed");
  fs::create_symlink("printed", directory.file("link"));
  fs::create_symlink("/dev/stderr", directory.file("errors"));
  const auto print = [](int descriptor, const std::string& text) {
    return write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  };
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    const bool output = descriptor == STDOUT_FILENO;
    for (const std::string& name :
         {std::string(output ? "/dev/stdout" : "/dev/stderr"),
          "/proc/self/fd/" + std::to_string(descriptor), "/dev/fd/" + std::to_string(descriptor),
          path, directory.file("link"), output ? path : directory.file("errors")}) {
      CAPTURE(name);
      std::fflush(nullptr);
      const int kept = dup(descriptor);
      const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const bool redirected = file >= 0 && dup2(file, descriptor) == descriptor;
      const bool before = print(descriptor, "before, ");
      const std::string error = complaint(name, "saved");
      const bool after = print(descriptor, ", after");
      REQUIRE(dup2(kept, descriptor) == descriptor);  // from here on doctest may print again
      close(kept);
      close(file);
      CHECK((redirected && before && after));
      CHECK(error == "(nothing was thrown)");
      CHECK(content(path) == "before, saved, after");
    }
  }
  CHECK(names(directory) == std::vector<std::string>{"errors", "link", "printed"});
}

TEST_CASE("output file: what the process reads from is replaced") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("file");
  save(path, "old");
  const int kept = dup(STDIN_FILENO), file = open(path.c_str(), O_RDONLY);
  const bool redirected = file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO;
  save(path, "new");
  std::array<char, 8> bytes{};
  const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (kept >= 0) dup2(kept, STDIN_FILENO);
  for (const int descriptor : {kept, file}) close(descriptor);
  CHECK(redirected);
  CHECK(count == 3);
  CHECK(std::string(bytes.data()) == "old");
  CHECK(content(path) == "new");
}

TEST_CASE("output file: another open file is appended to, and not written over") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("log");
  save(path, "first, ");
  const int log = open(path.c_str(), O_WRONLY);
  REQUIRE(log > STDERR_FILENO);
  const std::string name = "/proc/self/fd/" + std::to_string(log);
  fs::create_symlink(name, directory.file("link"));
  for (const std::string& other :
       {name, "/dev/fd/" + std::to_string(log), directory.file("link")}) {
    CAPTURE(other);
    save(other, "more, ");
    CHECK(error_of<IoError>([&] {
            OutputFile file(other);
            file.seek(0);
            return 0;
          }) == other + ": cannot be written: its bytes go to the end, not over others");
  }
  close(log);
  CHECK(content(path) == "first, more, more, more, ");
  CHECK(names(directory) == std::vector<std::string>{"link", "log"});
}

TEST_CASE("output file: what cannot be written") {
  const TemporaryDirectory directory;
  CHECK(complaint(directory.file("no/file")) ==
        directory.file("no/file") + ": cannot be written: No such file or directory");
  CHECK(complaint(directory.path()) == directory.path() + ": cannot be written: Is a directory");
  save(directory.file("file"), "x");
  CHECK(complaint(directory.file("file/inside")) ==
        directory.file("file/inside") + ": cannot be written: Not a directory");
  CHECK(complaint("") == ": cannot be written: Invalid argument");
  for (const std::size_t size : {std::size_t{1}, std::size_t{1'000'000}}) {
    CHECK(complaint("/dev/full", std::string(size, 'x')) ==
          "/dev/full: cannot be written: No space left on device");
  }
  CHECK(names(directory) == std::vector<std::string>{"file"});
}

TEST_CASE("output file: a target that turns into a directory keeps what is in it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("target");
  CHECK(error_of<IoError>([&] {
          OutputFile file(path);
          file.write("x");
          fs::create_directory(path);
          file.commit();
          return 0;
        }) == path + ": cannot be written: Is a directory");
  CHECK(names(directory) == std::vector<std::string>{"target"});
}

TEST_CASE("output file: names as long as the file system takes them") {
  const TemporaryDirectory directory;
  for (const std::size_t length : {std::size_t{230}, std::size_t{250}, std::size_t{255}}) {
    const std::string path = directory.file(std::string(length, 'n'));
    data::save_npz(path, {{"w", ones({2})}});
    CHECK(data::load_npz(path, "w").size() == 2);
  }
  CHECK(names(directory).size() == 3);  // and nothing beside them
  const std::string path = directory.file(std::string(256, 'n'));
  CHECK(error_of<IoError>([&] {
          data::save_npz(path, {});
          return 0;
        }) == path + ": cannot be written: File name too long");
}

TEST_CASE("an archive is written to a pipe") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("pipe"), plain = directory.file("plain");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const NamedTensors tensors{{"w", ones({20000})}, {"b", zeros({3})}};
  std::string received;
  std::thread reader([&] {
    std::ifstream stream(path, std::ios::binary);
    received.assign(std::istreambuf_iterator<char>(stream), {});
  });
  data::save_npz(path, tensors);
  reader.join();
  data::save_npz(plain, tensors);
  std::ifstream stream(plain, std::ios::binary);
  const std::string expected(std::istreambuf_iterator<char>(stream), {});
  CHECK(received.size() == expected.size());
  CHECK(received == expected);
}
