#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <optional>
#include <system_error>

#include <xtape/core/error.hpp>
#include <xtape/data/folders.hpp>
#include <xtape/data/output_file.hpp>

namespace xtape::data {
namespace {

namespace fs = std::filesystem;

/// The file that a chain of symbolic links ends at, there or not; none if the chain leads through
/// /proc, where a link stands for what a process has open. The chain is known to end.
std::optional<fs::path> followed(fs::path path) {
  while (fs::is_symlink(fs::symlink_status(path))) {
    const fs::path directory = fs::absolute(path).parent_path();
    if (fs::canonical(directory).native().starts_with("/proc/")) return {};
    path = directory / fs::read_symlink(path);
  }
  return fs::absolute(path);
}

/// A copy of that one of the process's standard descriptors that writes to this file; negative if
/// none does.
int standard_descriptor(const struct stat& file) {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO}) {
    struct stat open_file {};
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && ::fstat(descriptor, &open_file) == 0 &&
        open_file.st_dev == file.st_dev && open_file.st_ino == file.st_ino) {
      return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    }
  }
  return -1;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  check(exists || errno == ENOENT);
  std::optional<fs::path> target;
  try {
    target = followed(path);
  } catch (const fs::filesystem_error& error) {
    fail("cannot be written: " + error.code().message());
  }
  int direct = exists ? standard_descriptor(status) : -1;
  if (direct < 0 && exists && (!target || !S_ISREG(status.st_mode))) {
    direct = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | (S_ISREG(status.st_mode) ? O_APPEND : 0));
    check(direct >= 0);
  }
  if (direct >= 0) {
    open(direct);
    return;
  }
  // A rename asks only the directory: an older file's protection has to be asked for.
  check(!exists || ::access(path.c_str(), W_OK) == 0);
  target_ = target.value_or(path).string();
  create_temporary();
  check(!exists || ::fchmod(::fileno(file_.get()), status.st_mode & 07777U) == 0);
}

OutputFile::Temporary::~Temporary() {
  if (!path.empty()) ::unlink(path.c_str());
}

/// A new file beside the target, with the permissions that the process gives to new files.
void OutputFile::create_temporary() {
  static std::atomic<unsigned> count{0};
  int descriptor = -1;
  std::string name;
  const fs::path target(target_);
  do {
    const std::string ending =
        "." + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".tmp";
    const std::string own = target.filename().string();
    const std::size_t room = std::max(own.size(), std::size_t{NAME_MAX}) == NAME_MAX
                                 ? std::min(own.size(), NAME_MAX - ending.size())
                                 : own.size();  // too long itself: the system says so
    name = target.parent_path() / (own.substr(0, room) + ending);
    descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  if (descriptor >= 0) temporary_.path = name;
  open(descriptor);
}

/// Takes a descriptor over; the reason that there is none is in errno.
void OutputFile::open(int descriptor) {
  check(descriptor >= 0);
  file_.reset(::fdopen(descriptor, "wb"));
  if (!file_) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
    check(false);
  }
}

void OutputFile::write(std::string_view bytes) {
  check_open();
  check(std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size());
}

bool OutputFile::seekable() const {
  check_open();
  const int descriptor = ::fileno(file_.get());
  return (::fcntl(descriptor, F_GETFL) & O_APPEND) == 0 && ::lseek(descriptor, 0, SEEK_CUR) >= 0;
}

std::int64_t OutputFile::position() {
  check_open();
  const std::int64_t position = ::ftello(file_.get());
  check(position >= 0);
  return position;
}

void OutputFile::seek(std::int64_t position) {
  check_open();
  if ((::fcntl(::fileno(file_.get()), F_GETFL) & O_APPEND) != 0) {
    fail("cannot be written: its bytes go to the end, not over others");
  }
  check(::fseeko(file_.get(), position, SEEK_SET) == 0);
}

void OutputFile::commit() {
  check_open();
  check(std::fflush(file_.get()) == 0);
  if (temporary_.path.empty()) {
    check(std::fclose(file_.release()) == 0);
    return;
  }
  check(::fsync(::fileno(file_.get())) == 0);
  check(std::fclose(file_.release()) == 0);
  check(::rename(temporary_.path.c_str(), target_.c_str()) == 0);
  temporary_.path.clear();
  check(detail::sync_folder(fs::path(target_).parent_path()));
}

/// Throws the reason in errno unless something was done.
void OutputFile::check(bool done) const {
  if (!done) fail("cannot be written: " + std::generic_category().message(errno));
}

void OutputFile::check_open() const {
  if (!file_) fail("nothing can be written after commit");
}

void OutputFile::fail(const std::string& what) const { throw IoError(path_ + ": " + what); }

}  // namespace xtape::data
