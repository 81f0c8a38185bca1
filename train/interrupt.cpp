#include <atomic>
#include <cerrno>
#include <csignal>
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
struct sigaction before {};

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
    if (sigaction(SIGINT, &noting, &before) != 0)
      throw ValueError("fit: Ctrl-C cannot be caught: " + std::generic_category().message(errno));
  }
  ++guards;
}

InterruptGuard::~InterruptGuard() {
  if (!catches_) return;
  const std::lock_guard lock(mutex);
  if (--guards == 0) sigaction(SIGINT, &before, nullptr);
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
