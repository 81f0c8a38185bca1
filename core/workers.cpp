#include <algorithm>
#include <utility>

#include <csignal>

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <xtape/core/workers.hpp>

namespace xtape::detail {
namespace {

std::uint64_t packed(std::uint32_t first, std::uint32_t last) {
  return std::uint64_t{first} << 32 | last;
}
std::uint32_t first_of(std::uint64_t pieces) { return static_cast<std::uint32_t>(pieces >> 32); }
std::uint32_t last_of(std::uint64_t pieces) {
  return static_cast<std::uint32_t>(pieces & 0xffffffffU);
}

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Signals are for threads of the program: handlers expect those. But not what tells of a fault of
/// the thread itself, or of its use of time.
class NoSignals {
 public:
  NoSignals() {
    sigset_t others;
    sigfillset(&others);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF})
      sigdelset(&others, own);
    pthread_sigmask(SIG_SETMASK, &others, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

/// Moves a thread off this one's processor, where it would queue behind it for tens of milliseconds
/// while another idles. It may come back.
void move_away([[maybe_unused]] std::thread& thread) {
#ifdef __linux__
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof(all), &all) != 0 || CPU_COUNT(&all) < 2) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<std::size_t>(sched_getcpu()), &others);
  if (CPU_COUNT(&others) == 0) return;
  if (pthread_setaffinity_np(thread.native_handle(), sizeof(others), &others) == 0)
    pthread_setaffinity_np(thread.native_handle(), sizeof(all), &all);
#endif
}

}  // namespace

FloatMode FloatMode::of_this_thread() {
#if defined(__SSE2__)
  constexpr unsigned flags = 0x3f;  // of what has happened
  return FloatMode(__builtin_ia32_stmxcsr() & ~flags);
#elif defined(__aarch64__)
  std::uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  return FloatMode(control);
#else
  return FloatMode(0);
#endif
}

void FloatMode::take_up() const {
  if (of_this_thread().control_ == control_) return;
#if defined(__SSE2__)
  __builtin_ia32_ldmxcsr(static_cast<unsigned>(control_));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" : : "r"(control_));
#endif
}

bool Workers::Share::take_first(std::uint32_t& piece) {
  std::uint64_t now = pieces.load(std::memory_order_relaxed);
  while (first_of(now) < last_of(now)) {
    piece = first_of(now);
    if (pieces.compare_exchange_weak(now, packed(piece + 1, last_of(now)),
                                     std::memory_order_relaxed))
      return true;
  }
  return false;
}

bool Workers::Share::take_last(std::uint32_t& piece) {
  std::uint64_t now = pieces.load(std::memory_order_relaxed);
  while (first_of(now) < last_of(now)) {
    piece = last_of(now) - 1;
    if (pieces.compare_exchange_weak(now, packed(first_of(now), piece), std::memory_order_relaxed))
      return true;
  }
  return false;
}

Workers::Workers(int count) : shares_(new Share[static_cast<std::size_t>(count) + 1]) {
  const NoSignals quiet;
  threads_.reserve(static_cast<std::size_t>(count));
  try {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back(&Workers::work, this, static_cast<std::size_t>(i) + 1);
      move_away(threads_.back());
    }
  } catch (...) {  // goes on with those that there are
  }
}

Workers::~Workers() {
  stop_.store(true, std::memory_order_relaxed);
  calls_.fetch_add(1, std::memory_order_release);
  calls_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Clock::duration Workers::run(std::int64_t count, std::int64_t piece, const RangeFunction& f) {
  f_ = &f;
  mode_ = FloatMode::of_this_thread();
  count_ = count;
  piece_ = piece;
  failed_.store(false, std::memory_order_relaxed);
  error_ = nullptr;
  const std::int64_t pieces = (count + piece - 1) / piece;
  const auto shares = static_cast<std::int64_t>(threads_.size()) + 1;
  for (std::int64_t i = 0; i < shares; ++i) {
    shares_[static_cast<std::size_t>(i)].pieces.store(
        packed(static_cast<std::uint32_t>(pieces * i / shares),
               static_cast<std::uint32_t>(pieces * (i + 1) / shares)),
        std::memory_order_relaxed);
  }
  inside_.store(0, std::memory_order_release);
  calls_.fetch_add(1, std::memory_order_release);
  calls_.notify_all();

  take_pieces(0);
  const Clock::time_point done = Clock::now();
  inside_.fetch_or(closed, std::memory_order_relaxed);
  for (int turns = 0; inside_.load(std::memory_order_acquire) != closed; ++turns)
    turns < 1000 ? pause() : std::this_thread::yield();
  last_ = Clock::now();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return last_ - done;
}

void Workers::work(std::size_t number) {
  const Unshared alone;
  std::uint32_t seen = 0;
  while (true) {
    seen = next_call(seen);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!has_pieces() || !enter()) continue;
    mode_.take_up();
    take_pieces(number);
    inside_.fetch_sub(1, std::memory_order_release);
  }
}

/// Waits for a call after the one `seen`: looking out for it at first, since it may come at once,
/// then asleep.
std::uint32_t Workers::next_call(std::uint32_t seen) const {
  const Clock::time_point end = Clock::now() + spin_time;
  do {
    for (int turn = 0; turn < 32; ++turn) {
      const std::uint32_t calls = calls_.load(std::memory_order_acquire);
      if (calls != seen) return calls;
      pause();
    }
  } while (Clock::now() < end);
  calls_.wait(seen, std::memory_order_acquire);
  return calls_.load(std::memory_order_acquire);
}

/// Whether there is a call to take part in.
bool Workers::enter() {
  std::uint32_t inside = inside_.load(std::memory_order_relaxed);
  while ((inside & closed) == 0) {
    if (inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acquire,
                                      std::memory_order_relaxed))
      return true;
  }
  return false;
}

bool Workers::has_pieces() const {
  for (std::size_t i = 0; i <= threads_.size(); ++i) {
    const std::uint64_t now = shares_[i].pieces.load(std::memory_order_relaxed);
    if (first_of(now) < last_of(now)) return true;
  }
  return false;
}

void Workers::take_pieces(std::size_t own) {
  std::uint32_t piece = 0;
  while (shares_[own].take_first(piece)) call(piece);
  const std::size_t shares = threads_.size() + 1;
  for (std::size_t i = 1; i < shares; ++i) {
    Share& other = shares_[(own + i) % shares];
    while (other.take_last(piece)) call(piece);
  }
}

void Workers::call(std::uint32_t piece) {
  const std::int64_t first = piece * piece_;
  try {
    (*f_)(first, std::min(count_, first + piece_));
  } catch (...) {
    if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
    drop_pieces();
  }
}

void Workers::drop_pieces() {
  for (std::size_t i = 0; i <= threads_.size(); ++i)
    shares_[i].pieces.store(0, std::memory_order_relaxed);
}

}  // namespace xtape::detail
