#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <xtape/core/memory.hpp>

// Address sanitizer sees nothing of blocks that are reused behind its back: under it every block is
// the system's.
#if defined(__SANITIZE_ADDRESS__)
#define XTAPE_POOLED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XTAPE_POOLED false
#endif
#endif
#ifndef XTAPE_POOLED
#define XTAPE_POOLED true
#endif

namespace xtape::memory {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t slab_limit = 4096;  // smaller blocks are cut from slabs
constexpr std::size_t slab_bytes = std::size_t{1} << 18;
constexpr std::size_t large_limit = std::size_t{1}
                                    << 16;  // blocks from here on can go back to the system
constexpr std::size_t huge_page = std::size_t{1} << 21;

// Of each size class a thread keeps two chains, each of one block or what these allow; the rest
// goes round. So what one thread allocates and another frees, such as batches made ahead, does not
// pile up there.
constexpr std::size_t chain_bytes = std::size_t{1} << 20;
constexpr std::size_t chain_blocks = 512;

// Size classes: 64, 128, ... 512, then four to each doubling.
constexpr std::size_t class_count = 8 + 4 * 50;

std::size_t class_of(std::size_t bytes) {
  if (bytes <= 512) return bytes == 0 ? 0 : (bytes - 1) / 64;
  const auto exponent = static_cast<std::size_t>(std::bit_width(bytes - 1)) -
                        1;  // 2^exponent < bytes <= 2^(exponent+1)
  const std::size_t quarter = ((bytes - 1) >> (exponent - 2)) & 3;
  return 8 + 4 * (exponent - 9) + quarter;
}

std::size_t class_size(std::size_t index) {
  if (index < 8) return 64 * (index + 1);
  const std::size_t exponent = 9 + (index - 8) / 4;
  return (std::size_t{5} + (index - 8) % 4) << (exponent - 2);
}

struct Block {
  Block* next;
};

struct Chain {
  Block* head = nullptr;
  std::size_t count = 0;
};

struct Counters {  // written by one thread, read by any
  std::atomic<std::int64_t> bytes{0}, nodes{0};
  void add_bytes(std::int64_t change) {
    bytes.store(bytes.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  void add_nodes(std::int64_t change) {
    nodes.store(nodes.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
};

/// Memory that small blocks of all classes are cut from, one after another: pages are touched when
/// they are needed.
struct Slab {
  std::byte* next = nullptr;
  std::size_t left = 0;
};

struct ThreadCache {
  std::array<Chain, class_count> chains;  // the newest frees
  std::array<Chain, class_count>
      spare;  // one full chain behind them, so that a swing does not take the lock each time
  Slab slab;
  Counters counters;
};

/// What all threads share. Never destroyed: tensors may outlive static destructors.
struct Central {
  std::mutex mutex;
  std::array<std::vector<Chain>, class_count> chains;
  std::vector<Slab> slabs;  // begun by threads that are gone
  std::vector<ThreadCache*> threads;
  std::atomic<std::int64_t> system_bytes{0};
  Counters ended;  // of threads that are gone, and of frees after a thread's end; under the mutex
};

Central& central() {
  static Central* const instance = new Central;
  return *instance;
}

std::byte* system_allocate(std::size_t bytes) {
  const std::size_t align = bytes >= huge_page ? huge_page : alignment;
  void* block = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (block == nullptr) throw std::bad_alloc();
  if (bytes >= huge_page) madvise(block, bytes, MADV_HUGEPAGE);
  return static_cast<std::byte*>(block);
}

std::byte* pool_allocate(std::size_t bytes) {
  std::byte* block = system_allocate(bytes);
  central().system_bytes.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  return block;
}

/// Blocks of one class that other threads have freed; none if there are none.
Chain adopt_chain(std::size_t index) {
  const std::lock_guard lock(central().mutex);
  auto& chains = central().chains[index];
  if (chains.empty()) return {};
  const Chain chain = chains.back();
  chains.pop_back();
  return chain;
}

Slab adopt_slab() {
  const std::lock_guard lock(central().mutex);
  if (central().slabs.empty()) return {};
  const Slab slab = central().slabs.back();
  central().slabs.pop_back();
  return slab;
}

/// A block that was never used before.
void* fresh_block(Slab& slab, std::size_t size) {
  if (size >= slab_limit) return pool_allocate(size);
  if (slab.left < size) slab = adopt_slab();
  if (slab.left < size) slab = {pool_allocate(slab_bytes), slab_bytes};
  slab.left -= size;
  return std::exchange(slab.next, slab.next + size);
}

void hand_over(std::size_t index, Chain& chain) {
  if (chain.count == 0) return;
  const std::lock_guard lock(central().mutex);
  central().chains[index].push_back(chain);
  chain = {};
}

thread_local ThreadCache* cache = nullptr;
thread_local bool thread_ended = false;

struct CacheOwner {
  CacheOwner() {
    auto* fresh_cache = new ThreadCache;
    const std::lock_guard lock(central().mutex);
    central().threads.push_back(fresh_cache);
    cache = fresh_cache;
  }
  ~CacheOwner() {
    for (std::size_t i = 0; i < class_count; ++i) {
      hand_over(i, cache->chains[i]);
      hand_over(i, cache->spare[i]);
    }
    const std::lock_guard lock(central().mutex);
    if (cache->slab.left > 0) central().slabs.push_back(cache->slab);
    central().ended.add_bytes(cache->counters.bytes.load());
    central().ended.add_nodes(cache->counters.nodes.load());
    std::erase(central().threads, cache);
    delete cache;
    cache = nullptr;
    thread_ended = true;
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
  const std::lock_guard lock(central().mutex);
  std::int64_t sum = (central().ended.*member).load();
  for (const ThreadCache* thread : central().threads)
    sum += (thread->counters.*member).load(std::memory_order_relaxed);
  return sum;
}

inline void count_bytes(ThreadCache* own, std::int64_t change) {
  if (own != nullptr) [[likely]]
    return own->counters.add_bytes(change);
  const std::lock_guard lock(central().mutex);
  central().ended.add_bytes(change);
}

Block* take(Chain& chain) {
  Block* block = chain.head;
  chain.head = block->next;
  --chain.count;
  return block;
}

}  // namespace

std::int64_t live_bytes() { return total(&Counters::bytes); }
std::int64_t live_nodes() { return total(&Counters::nodes); }
std::int64_t cached_bytes() {
  return XTAPE_POOLED ? central().system_bytes.load() - live_bytes() : 0;
}

void count_nodes(int change) noexcept {
  if (ThreadCache* own = thread_cache()) return own->counters.add_nodes(change);
  const std::lock_guard lock(central().mutex);
  central().ended.add_nodes(change);
}

void* allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 56)) throw std::bad_alloc();
  const std::size_t index = class_of(bytes);
  const std::size_t size = class_size(index);
  ThreadCache* own = thread_cache();
  void* block;
  if (!XTAPE_POOLED) {
    block = system_allocate(bytes);
  } else if (own == nullptr) {
    block = pool_allocate(size);
  } else {
    Chain& chain = own->chains[index];
    if (chain.count == 0) [[unlikely]] {
      std::swap(chain, own->spare[index]);
      if (chain.count == 0) chain = adopt_chain(index);
    }
    block = chain.count > 0 ? take(chain) : fresh_block(own->slab, size);
  }
  count_bytes(own, static_cast<std::int64_t>(size));
  return block;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  const std::size_t index = class_of(bytes);
  const std::size_t size = class_size(index);
  ThreadCache* own = thread_cache();
  count_bytes(own, -static_cast<std::int64_t>(size));
  if (!XTAPE_POOLED) return std::free(memory);
  if (own == nullptr) {
    Chain chain{::new (memory) Block{nullptr}, 1};
    return hand_over(index, chain);
  }
  Chain& chain = own->chains[index];
  chain.head = ::new (memory) Block{chain.head};
  if (++chain.count == chain_blocks || chain.count * size >= chain_bytes) [[unlikely]] {
    std::swap(chain, own->spare[index]);
    hand_over(index, chain);
  }
}

void release_cached() {
  ThreadCache* own = thread_cache();
  for (std::size_t i = class_of(large_limit); i < class_count; ++i) {
    if (own != nullptr) {
      hand_over(i, own->chains[i]);
      hand_over(i, own->spare[i]);
    }
    std::vector<Chain> chains;
    {
      const std::lock_guard lock(central().mutex);
      chains.swap(central().chains[i]);
    }
    for (Chain& chain : chains) {
      central().system_bytes.fetch_sub(static_cast<std::int64_t>(chain.count * class_size(i)),
                                       std::memory_order_relaxed);
      while (chain.count > 0) std::free(take(chain));
    }
  }
}

}  // namespace xtape::memory
