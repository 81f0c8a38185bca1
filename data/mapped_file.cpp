#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <xtape/core/error.hpp>
#include <xtape/data/mapped_file.hpp>

namespace xtape::data {
namespace {

struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const auto check = [&](bool done, const char* what) {
    if (!done) throw IoError(path + ": " + what + ": " + std::generic_category().message(errno));
  };
  // A pipe that nobody writes to must not be waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  check(file.number >= 0, "cannot be opened");
  struct stat status {};
  check(::fstat(file.number, &status) == 0, "cannot be read");
  if (S_ISDIR(status.st_mode)) throw IoError(path + ": cannot be read: Is a directory");
  if (!S_ISREG(status.st_mode)) throw IoError(path + ": must be a regular file");
  device_ = status.st_dev;
  number_ = status.st_ino;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  check(memory != MAP_FAILED, "cannot be read");
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release(std::size_t begin, std::size_t end) const {
  // With a page the system maps all of the piece that it keeps a file in, up to 2 MiB, and what
  // lies around it.
  constexpr std::size_t piece = std::size_t{1} << 21, around = std::size_t{1} << 16;
  if (begin >= end || end > bytes_.size()) return;
  const std::size_t from = begin / piece * piece;
  const std::size_t to = std::min(bytes_.size(), (end - 1) / piece * piece + piece + around);
  auto* const first = const_cast<std::byte*>(bytes_.data()) + (from - std::min(from, around));
  const auto count = static_cast<std::size_t>(bytes_.data() + to - first);
  static_cast<void>(::madvise(first, count, MADV_DONTNEED));
}

void MappedFile::check_unchanged() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0)
    throw IoError(path_ + ": cannot be read any more: " + std::generic_category().message(errno));
  if (status.st_dev != device_ || status.st_ino != number_)
    throw IoError(path_ + ": must not change while it is read; it is another file now");
  if (static_cast<std::size_t>(status.st_size) != bytes_.size()) {
    throw IoError(path_ + ": must not change while it is read; had " +
                  std::to_string(bytes_.size()) + " bytes, has " + std::to_string(status.st_size));
  }
}

}  // namespace xtape::data
