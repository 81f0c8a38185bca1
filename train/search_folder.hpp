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
  using KeptByKey = std::map<std::string, Kept>;

  /// Makes the folder; nothing is kept with an empty path. Throws IoError.
  SearchFolder(std::string path, int rank);
  SearchFolder(const SearchFolder&) = delete;
  SearchFolder& operator=(const SearchFolder&) = delete;

  bool kept() const { return file_.number >= 0; }
  /// By their keys, texts of one line without tabs, from the files of all ranks. What is no whole
  /// line is left out. Throws IoError.
  KeptByKey read() const;
  /// On any thread. Throws IoError.
  void write(const std::string& key, const Kept& evaluation);

 private:
  struct Descriptor {
    Descriptor() = default;
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number = -1;  // negative if there is none
  };

  [[noreturn]] void fail(const std::string& why) const;
  /// Throws the reason in errno unless something was done.
  void check(bool done) const;

  std::string path_;
  Descriptor file_;
  std::mutex mutex_;
};

}  // namespace xtape::detail
