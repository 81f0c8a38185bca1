#pragma once
#include <cstddef>
#include <span>
#include <string>

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

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace xtape::data
