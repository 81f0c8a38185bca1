#pragma once
#include <cstddef>
#include <span>
#include <string>

#include <sys/types.h>

namespace xtape::data {

/// The bytes of a regular file, as they lie on the disk: none is read before it is looked at.
class MappedFile {
 public:
  /// Throws IoError, naming the file, if it cannot be opened or mapped, or is no regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

  /// Lets the memory go that these bytes are in, until they are looked at again.
  void release(std::size_t begin, std::size_t end) const;
  /// Throws IoError unless the file of that name still is the one that was opened, and as long.
  /// Bytes that are cut off while they are looked at end the process, as the system does it.
  void check_unchanged() const;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t number_ = 0;
  std::span<const std::byte> bytes_;
};

}  // namespace xtape::data
