// The power may fail at any moment: of what is not synced nothing, a part or all is on the disk
// then. This program has functions of its own in the place of the system's that sync and rename,
// and at each call goes through all states that a disk may be left in.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_directory.hpp"
#include "support/writers.hpp"

namespace {

namespace fs = std::filesystem;
using writers::content;
using Inode = ino_t;

/// A folder on a disk that keeps no promise but those of POSIX.
class Disk {
 public:
  explicit Disk(fs::path folder) : folder_(std::move(folder)) {}

  /// Names a file as it is whole on the disk.
  void holds(const fs::path& path) {
    names_[path] = inode_of(path);
    synced_[inode_of(path)] = content(path);
  }
  void syncs(const fs::path& path) {
    ++syncs_;
    if (path != folder_) {
      synced_[inode_of(path)] = content(path);
      return;
    }
    for (const auto& [name, inode] : renamed_) names_[name] = inode;
    renamed_.clear();
  }
  void renames(const fs::path& from, const fs::path& to) {
    renamed_.emplace_back(to, inode_of(from));
  }
  int syncs() const { return syncs_; }

  /// What a path may hold when the power fails now; "" if it may not be there.
  std::vector<std::string> states_of(const fs::path& path) const {
    std::vector<std::string> states;
    const auto add = [&](Inode inode) {
      const auto synced = synced_.find(inode);
      const std::string now = content_of(inode);
      const bool whole = synced != synced_.end() && synced->second == now;
      states.push_back(synced == synced_.end() ? "" : synced->second);
      if (!whole) states.insert(states.end(), {"", now.substr(0, now.size() / 2), now});
    };
    const auto named = names_.find(path);
    if (named != names_.end())
      add(named->second);
    else
      states.emplace_back();
    for (const auto& [name, inode] : renamed_)  // each may have got there before the others
      if (name == path) add(inode);
    return states;
  }

 private:
  static Inode inode_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_ino;
  }
  /// By whatever name it has now; what has none any more is what it was when it was synced.
  std::string content_of(Inode inode) const {
    for (const auto& entry : fs::directory_iterator(folder_))
      if (inode_of(entry.path()) == inode) return content(entry.path().string());
    const auto synced = synced_.find(inode);
    return synced == synced_.end() ? "" : synced->second;
  }

  fs::path folder_;
  std::map<fs::path, Inode> names_;                  // synced with the folder
  std::vector<std::pair<fs::path, Inode>> renamed_;  // not yet
  std::map<Inode, std::string> synced_;
  int syncs_ = 0;
};

/// The disk under a writer, and what its file may hold.
struct Watch {
  Disk disk;
  fs::path path;
  std::vector<std::string> right;
  int looks = 0;

  void look() {
    ++looks;
    for (const std::string& state : disk.states_of(path)) {
      const bool known = std::find(right.begin(), right.end(), state) != right.end();
      CHECK(known);
    }
  }
};
Watch* watch = nullptr;

}  // namespace

extern "C" {

int fsync(int descriptor) {
  if (watch != nullptr) watch->look();
  const int done = static_cast<int>(::syscall(SYS_fsync, descriptor));
  if (watch != nullptr && done == 0) {
    watch->disk.syncs(fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor)));
    watch->look();
  }
  return done;
}

int rename(const char* from, const char* to) noexcept {
  if (watch != nullptr) watch->disk.renames(from, to);
  const int done = static_cast<int>(::syscall(SYS_rename, from, to));
  if (watch != nullptr) watch->look();
  return done;
}

}  // extern "C"

TEST_CASE(
    "power loss: the old file or the new one is on the disk, and when a writer returns the new "
    "one") {
  const TemporaryDirectory directory;
  for (const writers::Writer& writer : writers::all()) {
    CAPTURE(writer.name);
    const fs::path folder = fs::canonical(directory.path()) / writer.name;
    fs::create_directory(folder);
    const std::string path = writer.path_in(folder.string());
    std::string versions[2];
    for (const int version : {1, 0}) {
      writer.write(path, version);
      versions[version] = content(path);
    }
    REQUIRE(versions[0] != versions[1]);

    Watch over{Disk(folder), path, {versions[0], versions[1]}};
    over.disk.holds(path);
    watch = &over;
    writer.write(path, 1);
    over.right = {versions[1]};
    over.look();
    watch = nullptr;
    CHECK(over.disk.syncs() == 2);
    CHECK(over.looks == 6);

    fs::remove(path);  // and where there was none
    Watch anew{Disk(folder), path, {"", versions[0]}};
    watch = &anew;
    writer.write(path, 0);
    anew.right = {versions[0]};
    anew.look();
    watch = nullptr;
  }
}

TEST_CASE("power loss: a writer that syncs too late, or not at all, is seen") {
  const TemporaryDirectory directory;
  const fs::path folder = fs::canonical(directory.path()), path = folder / "file";
  const auto written = [](const fs::path& to, const char* text) { std::ofstream(to) << text; };
  const auto may_hold = [](const Disk& disk, const fs::path& of, const std::string& state) {
    const std::vector<std::string> states = disk.states_of(of);
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  written(path, "old version");
  Disk disk(folder);
  disk.holds(path);
  CHECK(disk.states_of(path) == std::vector<std::string>{"old version"});
  written(path, "new version");  // in its place
  CHECK(may_hold(disk, path, "new v"));
  disk.syncs(path);
  CHECK(disk.states_of(path) == std::vector<std::string>{"new version"});

  written(folder / "other", "third version");  // renamed before it is synced
  disk.renames(folder / "other", path);
  fs::rename(folder / "other", path);
  CHECK(may_hold(disk, path, ""));
  CHECK(may_hold(disk, path, "new version"));
  disk.syncs(path);
  CHECK(disk.states_of(path) == std::vector<std::string>{"new version", "third version"});
  disk.syncs(folder);
  CHECK(disk.states_of(path) == std::vector<std::string>{"third version"});
}
