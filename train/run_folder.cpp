#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/data/folders.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/train/run_folder.hpp>

namespace xtape::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view epoch_mark = "epoch-", batch_mark = "-batch-", ending = ".npz";
constexpr const char* best_name = "best.npz";

struct Kept {
  std::int64_t epoch = 0, batch = 0;  // done
  fs::path path;
  friend bool operator<(const Kept& a, const Kept& b) {
    return std::pair(a.epoch, a.batch) < std::pair(b.epoch, b.batch);
  }
};

/// Takes a mark and a number behind it off the front of a text.
bool take(std::string_view& text, std::string_view mark, std::int64_t& number) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(mark.size());
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// What a run has written here, the oldest first; `partial`, what a killed one left half written.
std::vector<Kept> checkpoints_in(const std::string& folder, std::vector<fs::path>* partial) {
  std::vector<Kept> kept;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::string_view rest = name;
    Kept one{.path = entry.path()};
    const bool numbered = take(rest, epoch_mark, one.epoch) && take(rest, batch_mark, one.batch);
    if (!numbered && rest.starts_with(best_name)) rest.remove_prefix(4);
    if (numbered && rest == ending) kept.push_back(std::move(one));
    if (partial != nullptr && rest.starts_with(".npz.") && rest.ends_with(".tmp"))
      partial->push_back(entry.path());
  }
  std::ranges::sort(kept, std::less<>());
  return kept;
}

std::string padded(std::int64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

}  // namespace

void RunFolder::lock() {
  if (!kept() || locked_ >= 0) return;
  std::error_code error;
  data::detail::make_folders(options_.path, error);
  if (!error && (locked_ = ::open(options_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    error = std::error_code(errno, std::generic_category());
  if (error) throw IoError(options_.path + ": cannot be the folder of a run: " + error.message());
  owner_ = getpid();
  // Some file systems know no locks: there nobody is kept out.
  if (flock(locked_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  unlock();
  throw ValueError("fit: folder " + options_.path +
                   " must be that of one run at a time; another has it");
}

void RunFolder::unlock() noexcept {
  if (locked_ >= 0) {
    // A process that was forked since has the file open too, and would keep the lock; nor may it
    // give it up.
    if (owner_ == getpid()) flock(locked_, LOCK_UN);
    close(locked_);
  }
  locked_ = -1;
}

std::string RunFolder::open(const Checkpoint& checkpoint) const {
  if (!kept()) return {};
  try {
    { const data::OutputFile writable((fs::path(options_.path) / best_name).string()); }
    std::vector<fs::path> partial;
    const std::vector<Kept> there = checkpoints_in(options_.path, &partial);
    if (!options_.resume && !there.empty()) {
      throw ValueError("fit: folder " + options_.path +
                       " must be empty of checkpoints, or .resume set to go on from them; got " +
                       there.back().path.filename().string());
    }
    for (const fs::path& path : partial) fs::remove(path);
    if (there.empty()) return {};
    checkpoint.load(there.back().path.string());
    return there.back().path.string();
  } catch (const fs::filesystem_error& error) {
    throw IoError(options_.path + ": cannot be the folder of a run: " + error.code().message());
  }
}

std::string RunFolder::save(const Checkpoint& checkpoint, std::int64_t epoch,
                            std::int64_t batch) const {
  const std::string name = std::string(epoch_mark) + padded(epoch, 5) + std::string(batch_mark) +
                           padded(batch, 6) + std::string(ending);
  std::string path = (fs::path(options_.path) / name).string();
  checkpoint.save(path);
  std::vector<Kept> there = checkpoints_in(options_.path, nullptr);
  const auto surplus = std::ssize(there) - options_.last;
  for (std::ptrdiff_t i = 0; i < surplus; ++i) {
    std::error_code ignored;  // a file too many does no harm
    fs::remove(there[static_cast<std::size_t>(i)].path, ignored);
  }
  return path;
}

void RunFolder::save_best(const NamedTensors& weights) const {
  if (kept() && options_.best)
    data::save_npz((fs::path(options_.path) / best_name).string(), weights);
}

}  // namespace xtape::detail
