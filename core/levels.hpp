#pragma once
#include <cstdint>
#include <utility>

namespace xtape::detail {

class Watcher;

/// How deep in vmap a thread is, and whether operations are recorded: a bit for each level, since a
/// function may be differentiated inside what is mapped, and that may be differentiated again.
struct Levels {
  std::uint32_t recording = 1;
  int current = 0;
  Watcher* watcher = nullptr;  // who is told of each operation, see watch.hpp

  bool records(int level) const { return (recording >> level & 1u) != 0; }
  void set(int level, bool on) {
    recording = (recording & ~(1u << level)) | (static_cast<std::uint32_t>(on) << level);
  }
  void enter() {
    set(current + 1, records(current));
    ++current;
  }
  void leave() {
    set(current, false);  // a bit that is set stands for a level that there is
    --current;
  }

  class Outside;
};

extern thread_local constinit Levels levels;

/// While it lives, operations run outside of the mapped function of this level.
class Levels::Outside {
 public:
  explicit Outside(int level) : before_(std::exchange(levels.current, level - 1)) {}
  ~Outside() { levels.current = before_; }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  int before_;
};

}  // namespace xtape::detail
