#pragma once
#include <cstdint>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Whether operations on this thread are recorded now: not under NoGradGuard, nor in a first-order
/// backward pass.
bool recording();

namespace detail {
/// What is recorded on this thread, while it lives: a bit for each level, see levels.hpp. They may
/// end in any order.
class RecordingChange {
 public:
  RecordingChange(const RecordingChange&) = delete;
  RecordingChange& operator=(const RecordingChange&) = delete;

 protected:
  explicit RecordingChange(std::uint32_t recording) noexcept;
  ~RecordingChange();

 private:
  mutable std::uint32_t before_;
  mutable RecordingChange* outer_;
};
}  // namespace detail

/// Turns recording on this thread on or off while it lives; within `vmap`, for what is mapped
/// there.
class RecordingScope : detail::RecordingChange {
 public:
  [[nodiscard]] explicit RecordingScope(bool on);
};

/// While it lives, nothing on this thread is recorded: for evaluation.
class NoGradGuard : detail::RecordingChange {
 public:
  [[nodiscard]] NoGradGuard() : RecordingChange(0) {}
};

}  // namespace xtape

XTAPE_EXPORT_END
