#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <xtape/core/depot.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/fork.hpp>
#include <xtape/core/memory.hpp>

// Bonwick's magazine layer: of each size class a thread keeps two magazines, lists of free blocks
// that it takes from and frees to without a lock; full ones go to a depot that all threads share,
// empty ones are replaced from there. So what one thread allocates and another frees, such as
// batches made ahead, does not pile up. Large blocks, whose use costs more than a lock, all lie in
// the depot.

// Address, memory and thread sanitizers see nothing of blocks that are reused behind their backs:
// under them every block is the system's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define XTAPE_POOLED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define XTAPE_POOLED false
#endif
#endif
#ifndef XTAPE_POOLED
#define XTAPE_POOLED true
#endif

namespace xtape::memory {
namespace {

using detail::Chain;
using detail::class_of;
using detail::class_size;
using detail::Depot;

constexpr std::size_t alignment = 64;
constexpr std::size_t most_bytes = std::size_t{1} << 56;

struct Counters {                                         // written by one thread, read by any
  std::atomic<std::int64_t> bytes{0}, nodes{0}, peak{0};  // peak: of bytes
  void add(std::int64_t more_bytes, std::int64_t more_nodes) {
    const std::int64_t now = bytes.load(std::memory_order_relaxed) + more_bytes;
    bytes.store(now, std::memory_order_relaxed);
    nodes.store(nodes.load(std::memory_order_relaxed) + more_nodes, std::memory_order_relaxed);
    if (now > peak.load(std::memory_order_relaxed)) peak.store(now, std::memory_order_relaxed);
  }
};

struct ThreadCache {
  Counters counters;
  std::atomic<bool> wanted{false};                      // somebody asks for what this thread keeps
  std::array<Chain, detail::thread_classes> magazines;  // the newest frees
  std::array<Chain, detail::thread_classes>
      spare;  // one full magazine behind them, so that a swing does not take the lock each time
  ThreadCache *previous = nullptr, *next = nullptr;

  template <class F>
  void hand_over(F&& to) noexcept {
    for (std::size_t i = 0; i < detail::thread_classes; ++i) {
      to(i, std::exchange(magazines[i], {}));
      to(i, std::exchange(spare[i], {}));
    }
  }
};

/// The threads that use the pool. There from the start and never destroyed, as the depot.
struct Threads {
  std::mutex mutex;
  ThreadCache* first = nullptr;
  Counters ended;  // of threads that are gone, and of frees after a thread's end
};

constinit Threads threads;
static_assert(std::is_trivially_destructible_v<Threads>);
/// A plugin that holds a copy of the library leaves nothing behind when it is unloaded; its threads
/// have ended then. Nothing thread-local may begin here: it would end after the code is gone.
struct AtUnload {
  ~AtUnload() { Depot::instance().release(); }
} at_unload;
std::mutex& threads_mutex() { return threads.mutex; }
[[maybe_unused]] const bool held = xtape::detail::hold_at_fork<&threads_mutex>();

thread_local ThreadCache* cache = nullptr;
thread_local bool thread_ended = false;

struct CacheOwner {
  CacheOwner() {
    auto* fresh = new (std::nothrow) ThreadCache;
    if (fresh == nullptr) return;  // the thread then goes without
    const std::lock_guard lock(threads.mutex);
    fresh->next = std::exchange(threads.first, fresh);
    if (fresh->next != nullptr) fresh->next->previous = fresh;
    cache = fresh;
  }
  ~CacheOwner() {
    thread_ended = true;
    if (cache == nullptr) return;
    cache->hand_over([](std::size_t i, Chain chain) { Depot::instance().give(i, chain); });
    const std::lock_guard lock(threads.mutex);
    threads.ended.add(cache->counters.bytes.load(), cache->counters.nodes.load());
    (cache->previous != nullptr ? cache->previous->next : threads.first) = cache->next;
    if (cache->next != nullptr) cache->next->previous = cache->previous;
    delete std::exchange(cache, nullptr);
  }
};

[[gnu::noinline]] void start_thread_cache() { thread_local CacheOwner owner; }

/// The calling thread's cache; null while the thread is being torn down.
inline ThreadCache* thread_cache() {
  if (cache == nullptr && !thread_ended) [[unlikely]]
    start_thread_cache();
  return cache;
}

template <class Member>
std::int64_t total(Member member) {
  const std::lock_guard lock(threads.mutex);
  std::int64_t sum = (threads.ended.*member).load();
  for (const ThreadCache* thread = threads.first; thread != nullptr; thread = thread->next)
    sum += (thread->counters.*member).load(std::memory_order_relaxed);
  return sum;
}

inline void count(ThreadCache* own, std::int64_t bytes, std::int64_t nodes) {
  if (own != nullptr) [[likely]]
    return own->counters.add(bytes, nodes);
  const std::lock_guard lock(threads.mutex);
  threads.ended.add(bytes, nodes);
}

[[gnu::noinline]] void answer_wish(ThreadCache& own) noexcept {
  own.wanted.store(false, std::memory_order_relaxed);
  own.hand_over([](std::size_t i, Chain chain) { Depot::instance().discard(i, chain); });
}

/// A magazine from the depot; what is kept is given up before memory is out.
[[gnu::noinline]] Chain refill(std::size_t index) {
  Chain chain = Depot::instance().take(index);
  if (chain.count > 0) return chain;
  release_cached();
  chain = Depot::instance().take(index);
  if (chain.count == 0) throw_out_of_memory(class_size(index));
  return chain;
}

void* take(ThreadCache* own, std::size_t index) {
  if (own == nullptr || index >= detail::thread_classes) {
    Chain chain = refill(index);
    void* const block = chain.pop();
    Depot::instance().give(index, chain);
    return block;
  }
  if (own->wanted.load(std::memory_order_relaxed)) answer_wish(*own);
  Chain& magazine = own->magazines[index];
  if (magazine.count == 0) {
    std::swap(magazine, own->spare[index]);
    if (magazine.count == 0) magazine = refill(index);
  }
  return magazine.pop();
}

void put(ThreadCache* own, std::size_t index, void* block) noexcept {
  if (own == nullptr || index >= detail::thread_classes) {
    Chain chain;
    chain.push(block);
    return Depot::instance().give(index, chain);
  }
  Chain& magazine = own->magazines[index];
  magazine.push(block);
  if (magazine.count >= detail::thread_class[index].most) {
    std::swap(magazine, own->spare[index]);
    Depot::instance().give(index, std::exchange(magazine, {}));
  }
  if (own->wanted.load(std::memory_order_relaxed)) answer_wish(*own);
}

[[gnu::noinline]] void* allocate_slowly(std::size_t bytes, int nodes) {
  if (bytes > most_bytes) throw_out_of_memory(bytes);
  const std::size_t index = class_of(bytes, nodes);
  ThreadCache* own = thread_cache();
  void* block;
  if (XTAPE_POOLED) {
    block = take(own, index);
  } else {
    if (posix_memalign(&block, alignment, bytes) != 0) throw_out_of_memory(bytes);
  }
  count(own, static_cast<std::int64_t>(class_size(index)), nodes);
  return block;
}

[[gnu::noinline]] void deallocate_slowly(void* memory, std::size_t bytes, int nodes) noexcept {
  if (memory == nullptr) return;
  const std::size_t index = class_of(bytes, nodes);
  ThreadCache* own = thread_cache();
  count(own, -static_cast<std::int64_t>(class_size(index)), -nodes);
  if (!XTAPE_POOLED) return std::free(memory);
  put(own, index, memory);
}

}  // namespace

std::int64_t live_bytes() { return total(&Counters::bytes); }
std::int64_t detail::thread_bytes() {
  ThreadCache* const own = thread_cache();
  return own == nullptr ? 0 : own->counters.bytes.load(std::memory_order_relaxed);
}
void detail::add_live_bytes(std::int64_t bytes) noexcept { count(thread_cache(), bytes, 0); }

std::int64_t peak_bytes() { return total(&Counters::peak); }
void reset_peak_bytes() noexcept {
  const std::lock_guard lock(threads.mutex);
  const auto reset = [](Counters& counters) { counters.peak.store(counters.bytes.load()); };
  reset(threads.ended);
  for (ThreadCache* thread = threads.first; thread != nullptr; thread = thread->next)
    reset(thread->counters);
}

std::int64_t live_nodes() { return total(&Counters::nodes); }
std::int64_t cached_bytes() {
  return XTAPE_POOLED ? Depot::instance().system_bytes() - live_bytes() : 0;
}

void throw_out_of_memory(std::size_t bytes) { throw MemoryError("", bytes); }

// First what nearly every call comes to: a small block, from or to the thread's own magazine.

void* allocate(std::size_t bytes, int nodes) {
  ThreadCache* own = cache;
  if (XTAPE_POOLED && bytes <= detail::tabled_bytes && own != nullptr) [[likely]] {
    const std::size_t index = detail::tabled_class(bytes, nodes);
    Chain& magazine = own->magazines[index];
    if (magazine.count > 0) [[likely]] {
      own->counters.add(detail::thread_class[index].size, nodes);
      return magazine.pop();
    }
  }
  return allocate_slowly(bytes, nodes);
}

void deallocate(void* memory, std::size_t bytes, int nodes) noexcept {
  ThreadCache* own = cache;
  if (XTAPE_POOLED && bytes <= detail::tabled_bytes && own != nullptr && memory != nullptr)
      [[likely]] {
    const std::size_t index = detail::tabled_class(bytes, nodes);
    const detail::ThreadClass kind = detail::thread_class[index];
    Chain& magazine = own->magazines[index];
    if (magazine.count + 1 < kind.most && !own->wanted.load(std::memory_order_relaxed)) [[likely]] {
      own->counters.add(-static_cast<std::int64_t>(kind.size), -nodes);
      return magazine.push(memory);
    }
  }
  deallocate_slowly(memory, bytes, nodes);
}

void release_cached() noexcept {
  if (ThreadCache* own = thread_cache()) answer_wish(*own);
  {
    const std::lock_guard lock(threads.mutex);
    for (ThreadCache* thread = threads.first; thread != nullptr; thread = thread->next) {
      if (thread != cache) thread->wanted.store(true, std::memory_order_relaxed);
    }
  }
  Depot::instance().release();
}

void set_cache_limit(std::optional<std::int64_t> bytes) {
  if (bytes && *bytes < 0) {
    throw ValueError("set_cache_limit: the limit must not be negative; got " +
                     std::to_string(*bytes));
  }
  Depot::instance().set_limit(bytes);
}

}  // namespace xtape::memory
