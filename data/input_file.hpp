#pragma once
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace xtape::data {

/// The bytes of a file from front to back, unpacked if it is in gzip form: RFC 1952, of one member
/// or several.
class InputFile {
 public:
  /// Throws IoError if the file cannot be opened.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Puts the next `count` bytes into `bytes`; returns how many there were, fewer only at the end.
  /// Throws IoError if the file cannot be read or is a directory, or if the gzip form is damaged: a
  /// wrong checksum or length, an end too early, or other bytes behind it.
  std::size_t read(std::byte* bytes, std::size_t count);

  const std::string& path() const { return path_; }
  /// Throws IoError: the path, and what is wrong with the file.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Inflater;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  bool refill();
  std::size_t read_plain(std::byte* bytes, std::size_t count);
  std::size_t read_gzip(std::byte* bytes, std::size_t count);

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<std::byte> buffer_;
  std::size_t next_ = 0, filled_ = 0;   // unread bytes of the buffer: [next_, filled_)
  std::unique_ptr<Inflater> inflater_;  // null for a plain file
};

}  // namespace xtape::data
