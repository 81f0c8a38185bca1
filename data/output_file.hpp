#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <xtape/config.hpp>
#include <xtape/core/owned.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// A file that appears whole or not at all: its bytes go to a temporary file beside it, which takes
/// its place in `commit`. Until then an older file stays as it was. Without `commit`, as after an
/// exception, nothing is left behind; a process that is killed leaves the temporary file,
/// NAME.PROCESS-NUMBER.tmp, with what it had written, and whoever finds one may delete it. NAME is
/// cut where the file system takes no longer one.
///
/// An older file hands on its permissions; a symbolic link stays one, and the file that it names is
/// replaced. Written directly is what exists and is no regular file, such as a pipe, and a file
/// that is the process's standard output or error, by whatever name: from where that stands, so
/// that neither writes over the other. What else /proc names, as /dev/fd/3 does, is appended to.
///
/// Every function throws IoError, naming the path and the system's reason, if it fails.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  /// Makes the file appear, after its bytes have reached the disk, and returns when its name has
  /// too. Nothing can be written then.
  void commit();

  /// Whether bytes can be written elsewhere than at the end: not to a pipe, nor where they are
  /// appended.
  bool seekable() const;
  /// Where the next byte goes, from the start of the file.
  std::int64_t position();
  /// Throws also where bytes can only be appended.
  void seek(std::int64_t position);

  const std::string& path() const { return path_; }
  /// Throws IoError: the path, and what is wrong.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  static void close(std::FILE* file) noexcept { std::fclose(file); }
  struct Temporary {
    Temporary() = default;
    ~Temporary();
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    std::string path;  // empty if there is none
  };

  void check(bool done) const;
  void check_open() const;
  void create_temporary();
  void open(int descriptor);

  std::string path_;
  std::string target_;  // the file itself, where path_ is a symbolic link
  Temporary temporary_;
  Owned<std::FILE, close> file_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
