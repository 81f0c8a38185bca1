#pragma once
#include <cstddef>
#include <cstdint>
#include <new>

/// The buffer pool. Blocks are 64-byte aligned, handed out by size class from lists of the calling
/// thread, and kept for reuse when freed: fresh pages cost more than the arithmetic on them.
namespace xtape::memory {

/// Memory in use by tensors and nodes of all threads, in bytes (whole blocks of the pool).
std::int64_t live_bytes();

/// Recorded nodes alive, leaves included, on all threads.
std::int64_t live_nodes();

/// Bytes that the pool holds for reuse: obtained from the system and not live.
std::int64_t cached_bytes();

/// Returns to the system the large blocks (64 KB and more) that this thread and ended threads keep
/// for reuse.
void release_cached();

/// A block of at least `bytes`, uninitialised. Throws std::bad_alloc.
void* allocate(std::size_t bytes);

/// Takes back a block of `allocate(bytes)`; any thread may.
void deallocate(void* block, std::size_t bytes) noexcept;

/// Adds to the count of live nodes.
void count_nodes(int change) noexcept;

/// Standard allocator over the pool.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}
  T* allocate(std::size_t n) {
    if (n > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(memory::allocate(n * sizeof(T)));
  }
  void deallocate(T* block, std::size_t n) noexcept { memory::deallocate(block, n * sizeof(T)); }
  template <class U>
  friend bool operator==(const Allocator&, const Allocator<U>&) {
    return true;
  }
};

}  // namespace xtape::memory
