#pragma once
#include <array>
#include <cstdint>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/shape.hpp>

// A class is exported only if its first declaration is.
XTAPE_EXPORT_BEGIN

namespace xtape::detail {
class RecordingChange;
class Watcher;
}  // namespace xtape::detail

XTAPE_EXPORT_END

namespace xtape::detail {

class WriteLog;

/// How deep in vmap a thread is, and whether operations are recorded: a bit for each level, since a
/// function may be differentiated inside what is mapped, and that may be differentiated again.
struct Levels {
  std::uint32_t recording = 1;
  int current = 0;
  /// Which run of vmap each level is of, see Mapping.
  std::array<std::uint64_t, max_rank + 1> runs{};
  RecordingChange* change = nullptr;  // the innermost
  Watcher* watcher = nullptr;   // who is told of each operation, see watch.hpp; null while quiet
  Watcher* watchers = nullptr;  // those that there are, the innermost
  int quiet = 0;
  WriteLog* log = nullptr;  // and of each assignment, see write_log.hpp

  bool records(int level) const { return (recording >> level & 1u) != 0; }
  std::uint32_t with(int level, bool on) const {
    return (recording & ~(1u << level)) | (static_cast<std::uint32_t>(on) << level);
  }
  void choose_watcher() { watcher = quiet > 0 ? nullptr : watchers; }
  void set(int level, bool on) { recording = with(level, on); }
};

extern thread_local constinit Levels levels;

}  // namespace xtape::detail
