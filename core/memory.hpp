#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

/// The buffer pool. Blocks are 64-byte aligned, but for those of nodes, handed out by size class
/// from lists of the calling thread, and kept for reuse when freed: fresh pages cost more than the
/// arithmetic on them. What is kept goes back to the system, the longest kept first, beyond a limit
/// (see set_cache_limit) and before memory is said to be out.
namespace xtape::memory {

/// Memory in use by tensors and nodes of all threads, in bytes (whole blocks of the pool).
[[nodiscard]] std::int64_t live_bytes();

/// The most that was in use at one time since the start or `reset_peak_bytes`; of several threads
/// the sum of what each had at most, which may be more.
[[nodiscard]] std::int64_t peak_bytes();
/// What is in use now is the most from here on.
void reset_peak_bytes() noexcept;

/// Recorded nodes alive, leaves included, on all threads.
[[nodiscard]] std::int64_t live_nodes();

/// Bytes that the pool holds for reuse: obtained from the system and not live.
[[nodiscard]] std::int64_t cached_bytes();

/// Returns to the system what the pool keeps for reuse; other threads, which keep some small blocks
/// each, return theirs when they next use the pool.
void release_cached() noexcept;

/// Sets how many bytes the pool keeps for reuse, besides what each thread keeps of blocks below 64
/// KB (at most 128 KB of a size class). By default 1.25 times the most that was in use at one time
/// since the start or the last `release_cached`. Throws ValueError if negative.
void set_cache_limit(std::optional<std::int64_t> bytes);

/// A block of at least `bytes`, uninitialised; of how many nodes is for `live_nodes`, and a block
/// of nodes is aligned to 32 bytes only. Throws MemoryError.
[[nodiscard]] void* allocate(std::size_t bytes, int nodes = 0);

/// Throws MemoryError for a block of `bytes`.
[[noreturn]] void throw_out_of_memory(std::size_t bytes);

/// Takes back a block of `allocate(bytes, nodes)`; any thread may.
void deallocate(void* block, std::size_t bytes, int nodes = 0) noexcept;

/// Standard allocator over the pool.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}
  T* allocate(std::size_t n) {
    if (n > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(T)) throw_out_of_memory(PTRDIFF_MAX);
    return static_cast<T*>(memory::allocate(n * sizeof(T)));
  }
  void deallocate(T* block, std::size_t n) noexcept { memory::deallocate(block, n * sizeof(T)); }
  template <class U>
  friend bool operator==(const Allocator&, const Allocator<U>&) {
    return true;
  }
};

}  // namespace xtape::memory

XTAPE_EXPORT_END
