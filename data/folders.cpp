#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <xtape/data/folders.hpp>

namespace xtape::data::detail {

namespace fs = std::filesystem;

bool sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;
  const bool done = ::fsync(descriptor) == 0 || errno == EINVAL;  // not known to all file systems
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return done;
}

/// One that is there may have been made a moment ago, by a process that was killed: its own name is
/// synced again.
void make_folders(const fs::path& folder, std::error_code& error) {
  int made = 0;
  std::error_code unknown;
  for (fs::path at = fs::weakly_canonical(folder, unknown);
       at.has_relative_path() && !fs::exists(at, unknown); at = at.parent_path())
    ++made;
  fs::create_directories(folder, error);
  if (error) return;
  fs::path at = fs::canonical(folder, error);
  for (int i = 0; !error && i < std::max(made, 1) && at.has_relative_path(); ++i) {
    at = at.parent_path();
    if (!sync_folder(at)) error = std::error_code(errno, std::generic_category());
  }
}

}  // namespace xtape::data::detail
