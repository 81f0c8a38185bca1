#pragma once
#include <cstdint>
#include <utility>

namespace xtape::detail {

class Watcher;
class WriteLog;

/// How deep in vmap a thread is, and whether operations are recorded: a bit for each level, since a
/// function may be differentiated inside what is mapped, and that may be differentiated again.
struct Levels {
  std::uint32_t recording = 1;
  int current = 0;
  Watcher* watcher = nullptr;  // who is told of each operation, see watch.hpp
  WriteLog* log = nullptr;     // and of each assignment, see write_log.hpp

  bool records(int level) const { return (recording >> level & 1u) != 0; }
  void set(int level, bool on) {
    recording = (recording & ~(1u << level)) | (static_cast<std::uint32_t>(on) << level);
  }
};

extern thread_local constinit Levels levels;

}  // namespace xtape::detail
