#include <utility>

#include <xtape/core/levels.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/scope.hpp>

namespace xtape {

thread_local constinit detail::Levels detail::levels;

bool recording() { return detail::levels.records(detail::levels.current); }

detail::RecordingChange::RecordingChange(std::uint32_t recording) noexcept
    : before_(std::exchange(levels.recording, recording)),
      outer_(std::exchange(levels.change, this)) {}

detail::RecordingChange::~RecordingChange() {
  RecordingChange* const inner = unlink(levels.change, *this, &RecordingChange::outer_);
  (inner != nullptr ? inner->before_ : levels.recording) = before_;
}

RecordingScope::RecordingScope(bool on)
    : RecordingChange(detail::levels.with(detail::levels.current, on)) {}

}  // namespace xtape
