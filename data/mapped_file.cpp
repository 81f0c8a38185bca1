#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

MappedFile::MappedFile(const std::string& path) {
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
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  check(memory != MAP_FAILED, "cannot be read");
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace xtape::data
