#pragma once
#include <map>
#include <mutex>
#include <string>

namespace xtape::detail {

/// What searches have evaluated, in a folder: a line each, appended by one call of the system, and
/// on the disk before the search goes on. Each rank has a file of its own. A process that is killed
/// leaves whole lines, and part of one at most.
class SearchFolder {
 public:
  struct Kept {
    double score, seconds;
  };

  /// Makes the folder; nothing is kept with an empty path. Throws IoError.
  SearchFolder(std::string path, int rank);
  ~SearchFolder();
  SearchFolder(const SearchFolder&) = delete;
  SearchFolder& operator=(const SearchFolder&) = delete;

  bool kept() const { return file_ >= 0; }
  /// By their keys, texts of one line without tabs, from the files of all ranks. What is no whole
  /// line is left out.
  std::map<std::string, Kept> read() const;
  /// On any thread. Throws IoError.
  void write(const std::string& key, const Kept& evaluation);

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  int file_ = -1;
  std::mutex mutex_;
};

}  // namespace xtape::detail
