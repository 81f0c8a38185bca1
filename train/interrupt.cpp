#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/train/interrupt.hpp>

namespace xtape::detail {
namespace {

std::atomic<bool> noted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a handler may use no other

std::mutex mutex;  // guards the next two
int guards = 0;
/// Ctrl-C, and what launchers, schedulers and containers send who want a program to end.
constexpr std::array signals{SIGINT, SIGTERM};
std::array<struct sigaction, signals.size()> before{};

thread_local InterruptWatch* watch = nullptr;

extern "C" void note_interrupt(int) { noted.store(true, std::memory_order_relaxed); }

}  // namespace

InterruptGuard::InterruptGuard(bool catch_it) : catches_(catch_it) {
  if (!catches_) return;
  const std::lock_guard lock(mutex);
  if (guards == 0) {
    noted = false;
    struct sigaction noting {};
    noting.sa_handler = note_interrupt;
    noting.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      if (sigaction(signals[i], &noting, &before[i]) != 0)
        throw ValueError("fit: Ctrl-C cannot be caught: " + std::generic_category().message(errno));
    }
  }
  ++guards;
}

InterruptGuard::~InterruptGuard() {
  if (!catches_) return;
  const std::lock_guard lock(mutex);
  if (--guards > 0) return;
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before[i], nullptr);
}

bool InterruptGuard::interrupted() const {
  return catches_ && (noted.load(std::memory_order_relaxed) || InterruptWatch::told());
}

InterruptWatch::InterruptWatch(std::atomic<bool>& search)
    : search_(search), outer_(std::exchange(watch, this)) {}

InterruptWatch::~InterruptWatch() { watch = outer_; }

void InterruptWatch::tell(bool cut) noexcept {
  if (watch == nullptr) return;
  watch->cut_ = watch->cut_ || cut;
  watch->search_ = true;
}

bool InterruptWatch::told() noexcept { return watch != nullptr && watch->search_; }

}  // namespace xtape::detail
