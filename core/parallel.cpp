#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <pthread.h>

#include <xtape/core/error.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/workers.hpp>

namespace xtape {
namespace {

using detail::Clock;
using detail::RangeFunction;
using detail::Workers;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int most_threads = 1024;
constexpr const char* variable = "XTAPE_THREADS";

// Work of one thread that is worth sharing: with threads that look out for it, and with sleeping
// ones.
constexpr microseconds least_work{10}, least_to_wake{80};
// Another thread of the program has the workers, and will have them again.
constexpr milliseconds time_of_others{2};
// A piece was waited for so long that its thread had lost its processor to another program: the
// next operations are not shared, for twice the time whenever that comes again.
constexpr milliseconds long_wait{1}, shortest_pause{5}, longest_pause{1000};

thread_local constinit bool unshared = false;
thread_local constinit Clock::time_point others_until{};

constinit std::atomic<int> wanted{0};  // 0: not known yet
constinit std::atomic<bool> share_all{false};

/// The threads of the process. One operation has them at a time.
class Pool {
 public:
  /// While another thread has them, they are left to the process, which ends.
  ~Pool() {
    wanted.store(1, std::memory_order_relaxed);
    if (take()) resize(0);
  }

  /// Whether this thread has the workers now; it then gives them back.
  bool take() { return !busy_.exchange(true, std::memory_order_acquire); }
  void give_back() { busy_.store(false, std::memory_order_release); }
  bool has_workers() const { return asked_.load(std::memory_order_relaxed) > 0; }

  bool pays(Clock::duration work, Clock::time_point now) const {
    if (share_all.load(std::memory_order_relaxed)) return true;
    if (now < paused_until_ || work < least_work) return false;
    return work >= least_to_wake || (workers_ != nullptr && workers_->awake(now));
  }
  void run(std::int64_t count, std::int64_t piece, const RangeFunction& f) {
    resize(threads() - 1);
    if (workers_ == nullptr) return f(0, count);
    constexpr std::int64_t pieces_each = 8;
    const std::int64_t pieces = pieces_each * (workers_->count() + 1);
    const std::int64_t together = std::max<std::int64_t>(1, count / (pieces * piece));
    watch(workers_->run(count, piece * together, f));
  }
  void resize(int count) {
    if (asked_ == count) return;
    delete std::exchange(workers_, nullptr);
    asked_ = count;
    if (count == 0) return;
    try {
      workers_ = new Workers(count);
    } catch (const std::bad_alloc&) {  // then without
    }
  }

  /// In a child process, which the threads do not exist in.
  void forget() {
    if (workers_ != nullptr) {
      workers_->lost_before = lost_;
      lost_ = std::exchange(workers_, nullptr);
    }
    asked_ = 0;
    give_back();
  }

 private:
  void watch(Clock::duration waited) {
    if (waited < long_wait) {
      pause_ = {};
      return;
    }
    pause_ = std::clamp<Clock::duration>(2 * pause_, shortest_pause, longest_pause);
    paused_until_ = Clock::now() + pause_;
  }

  std::atomic<bool> busy_{false};
  std::atomic<int> asked_{0};  // for so many workers; there may be fewer
  Workers* workers_ = nullptr;
  Workers* lost_ = nullptr;
  Clock::duration pause_{};
  Clock::time_point paused_until_{};
};

Pool pool;
[[maybe_unused]] const bool at_fork = pthread_atfork(nullptr, nullptr, [] { pool.forget(); }) == 0;

/// The pool, while it is this thread's.
struct Turn {
  Turn() : taken(pool.take()) {}
  ~Turn() {
    if (!taken) return;
    pool.give_back();
    if (wanted != 1 || !pool.has_workers() || !pool.take()) return;
    pool.resize(0);  // set_threads(1) came meanwhile
    pool.give_back();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool taken;
};

}  // namespace

int threads() {
  int count = wanted.load(std::memory_order_relaxed);
  if (count > 0) return count;
  const int read = detail::threads_from_environment();
  return wanted.compare_exchange_strong(count, read, std::memory_order_relaxed) ? read : count;
}

void set_threads(int count) {
  if (count < 1 || count > most_threads) {
    throw ValueError("set_threads: count must be within [1, " + std::to_string(most_threads) +
                     "]; got " + std::to_string(count));
  }
  wanted = count;
  if (count > 1) return;
  const Turn turn;
  if (turn.taken) pool.resize(0);
}

namespace detail {

int threads_from_environment() {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return 1;
  const char* const end = text + std::strlen(text);
  int count = 0;
  const auto [stop, error] = std::from_chars(text, end, count);
  if (error == std::errc() && stop == end && count >= 1 && count <= most_threads) return count;
  throw ValueError(std::string(variable) + ": the number of threads must be within [1, " +
                   std::to_string(most_threads) + "]; got \"" + text + "\"");
}

ShareAll::ShareAll() : outer_(share_all.exchange(true)) {}
ShareAll::~ShareAll() { share_all = outer_; }

Unshared::Unshared() : outer_(std::exchange(unshared, true)) {}
Unshared::~Unshared() { unshared = outer_; }

bool may_share() { return !unshared && threads() > 1; }

namespace {

void share_at(Clock::time_point now, std::int64_t count, std::int64_t piece, const RangeFunction& f,
              Clock::duration work) {
  const bool worth = work >= least_work && now >= others_until;
  if (worth || share_all.load(std::memory_order_relaxed)) {
    const Turn turn;
    if (!turn.taken)
      others_until = now + time_of_others;
    else if (pool.pays(work, now))
      return pool.run(count, piece, f);
  }
  f(0, count);
}

}  // namespace

void share(std::int64_t count, std::int64_t piece, const RangeFunction& f) {
  constexpr std::int64_t few = 8;  // pieces of which one alone would be a good part
  constexpr microseconds least_piece{5};
  if (count / piece < few) return share(count, piece, f, (count + piece - 1) / piece * least_piece);
  const Unshared alone;
  const Clock::time_point start = Clock::now();
  f(0, piece);
  const Clock::time_point now = Clock::now();
  const auto pieces_left = static_cast<Clock::rep>((count - 1) / piece);
  const auto rest = [&](std::int64_t first, std::int64_t last) { f(piece + first, piece + last); };
  share_at(now, count - piece, piece, rest, (now - start) * pieces_left);
}

void share(std::int64_t count, std::int64_t piece, const RangeFunction& f,
           std::chrono::nanoseconds work) {
  const Unshared alone;
  share_at(Clock::now(), count, piece, f, work);
}

}  // namespace detail
}  // namespace xtape
