// The power may fail at any moment: of what is not synced nothing, a part or all is on the disk
// then. This program has functions of its own in the place of the system's that sync and rename,
// and at each call goes through all states that a disk may be left in. Its own as well is the one
// that reads folders, and both may fail.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/temporary_directory.hpp"
#include "support/writers.hpp"

namespace {

namespace fs = std::filesystem;
using writers::content;
using Inode = ino_t;

Inode inode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_ino;
}

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

/// All below a folder: what was synced of a file is found by a name that was synced too, in its
/// folder, and so was the name of that, up to the top.
class Tree {
 public:
  explicit Tree(fs::path top) : top_(std::move(top)) {}

  void syncs(const fs::path& path) {
    const auto above = std::ranges::mismatch(top_, path).in1;
    if (above != top_.end()) return;  // others write there, and take away
    if (!fs::is_directory(path)) {
      contents_[inode_of(path)] = content(path);
      return;
    }
    for (const auto& entry : fs::directory_iterator(path))
      names_[entry.path()] = inode_of(entry.path());
  }
  /// What a file holds when the power has failed; "" if it is not there.
  std::string survives(const fs::path& path) const {
    for (fs::path at = path; at != top_; at = at.parent_path())
      if (!names_.contains(at)) return "";
    const auto kept = contents_.find(names_.at(path));
    return kept == contents_.end() ? "" : kept->second;
  }

 private:
  fs::path top_;
  std::map<fs::path, Inode> names_;
  std::map<Inode, std::string> contents_;
};
Tree* tree = nullptr;

struct Reading {
  bool fails = false;  // at the end of a folder
  int ends = 0;
} reading;
bool sync_fails = false;

fs::path path_of(int descriptor) {
  return fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor));
}

int failed() {
  errno = EIO;
  return -1;
}

}  // namespace

extern "C" {

dirent* readdir(DIR* folder) {
  dirent64* const entry = readdir64(folder);
  if (entry == nullptr) {
    ++reading.ends;
    if (reading.fails) errno = EIO;
  }
  return reinterpret_cast<dirent*>(entry);  // the same where numbers of files have 64 bits
}

int fdatasync(int descriptor) {
  if (sync_fails) return failed();
  const int done = static_cast<int>(::syscall(SYS_fdatasync, descriptor));
  if (tree != nullptr && done == 0) tree->syncs(path_of(descriptor));
  return done;
}

int fsync(int descriptor) {
  if (sync_fails) return failed();
  if (watch != nullptr) watch->look();
  const int done = static_cast<int>(::syscall(SYS_fsync, descriptor));
  if (watch != nullptr && done == 0) {
    watch->disk.syncs(path_of(descriptor));
    watch->look();
  }
  if (tree != nullptr && done == 0) tree->syncs(path_of(descriptor));
  return done;
}

int rename(const char* from, const char* to) noexcept {
  if (watch != nullptr) watch->disk.renames(from, to);
  const int done = static_cast<int>(::syscall(SYS_rename, from, to));
  if (watch != nullptr) watch->look();
  return done;
}

}  // extern "C"

namespace {

using namespace xtape;

/// One of two ranks, of which the other does the same.
class Twin final : public Ranks {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::vector<double> gather(std::span<const double> own) const override {
    std::vector<double> all(own.begin(), own.end());
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }
  void sum(std::span<double> numbers) const override {
    for (double& x : numbers) x *= 2;
  }
  std::string broadcast(const std::string& text) const override { return text; }
  NamedTensors broadcast(const NamedTensors& state) const override { return state; }
};

/// Four evaluations in a folder.
std::size_t search(const fs::path& folder, const Ranks* ranks = nullptr,
                   const std::function<void()>& look = {}) {
  Rng rng(1);
  const data::Dataset dataset{rng.normal({8, 2}), rng.integers(0, 2, {8})};
  SearchSpace space;
  space.choice("l2", {0.0, 1.0});
  const auto objective = [&](const Hyperparameters& h, const data::Split&, Rng&) {
    if (look) look();
    return h.number("l2");
  };
  return grid_search(space, dataset, data::k_fold(8, 2, rng), objective,
                     {.goal = SearchGoal::maximize, .ranks = ranks, .folder = folder.string()})
      .trials.size();
}

std::ptrdiff_t open_files() {
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

}  // namespace

TEST_CASE("power loss: what a search has evaluated is found again, wherever its folder was made") {
  const TemporaryDirectory directory;
  const fs::path top = fs::canonical(directory.path());
  Tree over(top);
  fs::create_directories(top / "there");
  for (const std::string name : {"there", "made", "made/below/others", "later/../elsewhere/"}) {
    CAPTURE(name);
    const fs::path folder = top / name, file = (folder / "evaluations-0.tsv").lexically_normal();
    std::ptrdiff_t evaluated = 0;
    const auto lines = [&] {
      const std::string text = over.survives(file);
      return std::count(text.begin(), text.end(), '\n');
    };
    tree = &over;
    search(folder, nullptr, [&] { CHECK(lines() == evaluated++); });
    tree = nullptr;
    CHECK(evaluated == 4);
    CHECK(lines() == 4);
  }
}

TEST_CASE("power loss: what a run has kept is found again in a folder that it has made") {
  const TemporaryDirectory directory;
  const fs::path top = fs::canonical(directory.path()), folder = top / "runs" / "of" / "mine";
  Tree over(top);
  tree = &over;
  Rng rng(1);
  const nn::Dense model(3, 2, {}, rng);
  optim::SGD optimizer(model.parameters(), {.learning_rate = 0.1});
  data::Loader loader({rng.normal({8, 3}), rng.integers(0, 2, {8})}, {.batch_size = 4});
  const auto loss = [&](const data::Dataset& batch) -> Measured {
    return nn::cross_entropy(model(batch.x), batch.y);
  };
  Fit(model, optimizer, loader, loss, {.epochs = 1, .folder = {.path = folder.string()}}).run();
  tree = nullptr;
  const fs::path newest = folder / "epoch-00001-batch-000000.npz";
  CHECK(!content(newest).empty());
  CHECK(over.survives(newest) == content(newest));
}

TEST_CASE(
    "search folder: what fails as it is opened is told on all ranks, and leaves nothing open") {
  const TemporaryDirectory directory;
  const fs::path folder = directory.file("search");
  search(folder);
  const std::string expected =
      folder.string() + ": cannot be the folder of a search: Input/output error";
  const Twin ranks;
  const std::ptrdiff_t before = open_files();
  for (bool* fails : {&sync_fails, &reading.fails}) {
    *fails = true;
    CHECK(error_of<IoError>([&] { return search(folder); }) == expected);
    CHECK(error_of<ValueError>([&] { return search(folder, &ranks); }) == expected);
    *fails = false;
  }
  CHECK(open_files() == before);
}

TEST_CASE("search folder: it is read once") {
  const TemporaryDirectory directory;
  const fs::path folder = directory.file("search");
  const Twin ranks;
  for (const Ranks* each :
       {static_cast<const Ranks*>(nullptr), static_cast<const Ranks*>(&ranks)}) {
    reading.ends = 0;
    search(folder, each);
    CHECK(reading.ends == 1);
  }
}

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
