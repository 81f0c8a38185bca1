#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace xtape::memory {

constexpr std::size_t header_bytes = 64;   // of a storage, in one block with a small tensor
constexpr std::size_t small_limit = 4096;  // bytes of the largest small tensor

namespace detail {

/// What this thread has taken less what it has given back, in bytes.
std::int64_t thread_bytes();
/// Adds to what counts as live: less for what the library keeps for its own use.
void add_live_bytes(std::int64_t bytes) noexcept;

/// Size classes: a header alone; most nodes; then 64, 128, ... 512 bytes and four to each doubling,
/// for small blocks 64 bytes more, so that powers of two fit with their header.
constexpr std::size_t quarters(std::size_t bytes) {
  if (bytes <= 512) return (bytes + 63) / 64;
  const auto exponent = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
  return 9 + 4 * (exponent - 9) + (((bytes - 1) >> (exponent - 2)) & 3);
}

constexpr std::size_t header_class = 0, node_class = 1, first_class = 2;
constexpr std::size_t node_bytes = 96;  // of most nodes; nothing in them wants an aligned block
constexpr std::size_t class_of_quarters(std::size_t bytes) {
  return first_class + quarters(bytes) - 1;
}

constexpr std::size_t small_classes = class_of_quarters(small_limit) + 1;
constexpr std::size_t thread_classes = class_of_quarters(65536);  // below 64 KB: threads keep some
constexpr std::size_t class_count = class_of_quarters(std::size_t{1} << 57);

constexpr std::size_t class_of(std::size_t bytes, int nodes) {
  if (nodes > 0 && bytes <= node_bytes) return node_class;
  if (bytes > small_limit + header_bytes) return class_of_quarters(bytes);
  return bytes <= header_bytes ? header_class : class_of_quarters(bytes - header_bytes);
}

constexpr std::size_t class_size(std::size_t index) {
  if (index < first_class) return index == node_class ? node_bytes : header_bytes;
  const std::size_t extra = index < small_classes ? header_bytes : 0;
  const std::size_t quarter = index - first_class + 1;
  if (quarter < 9) return 64 * quarter + extra;
  return ((4 + (quarter - 9) % 4 + 1) << ((quarter - 9) / 4 + 7)) + extra;
}

constexpr std::size_t magazine_bytes = std::size_t{1} << 16;

// Tables, since a scalar node takes and frees half a dozen blocks: what threads keep of each
// class, and the class of small blocks.
struct ThreadClass {
  std::uint32_t size;
  std::uint32_t most;  // blocks in a magazine
};
constexpr auto thread_class = [] {
  std::array<ThreadClass, thread_classes> list{};
  for (std::size_t i = 0; i < thread_classes; ++i) {
    const std::size_t size = class_size(i);
    list[i] = {static_cast<std::uint32_t>(size),
               static_cast<std::uint32_t>((magazine_bytes + size - 1) / size)};
  }
  return list;
}();
constexpr std::size_t tabled_bytes = small_limit + header_bytes;
constexpr auto class_of_lines = [] {
  std::array<std::uint8_t, tabled_bytes / 64 + 1> list{};
  for (std::size_t i = 0; i < list.size(); ++i)
    list[i] = static_cast<std::uint8_t>(class_of(64 * i, 0));
  return list;
}();

/// The class of a block of at most `tabled_bytes`.
inline std::size_t tabled_class(std::size_t bytes, int nodes) {
  return nodes > 0 && bytes <= node_bytes ? node_class : class_of_lines[(bytes + 63) / 64];
}

struct Block {
  Block* next;
};

/// Free blocks of one class: a magazine.
struct Chain {
  Block* head = nullptr;
  std::size_t count = 0;

  void push(void* memory) noexcept {
    head = ::new (memory) Block{head};
    ++count;
  }
  void* pop() noexcept {
    --count;
    return std::exchange(head, head->next);
  }
};

/// What all threads share of the pool: the depot of Bonwick's magazine layer (Bonwick and Adams,
/// Magazines and vmem, 2001) over slabs for small blocks and the system for others. It allocates
/// nothing for itself: its lists run through the free blocks.
class Depot {
 public:
  static Depot& instance() noexcept;
  std::mutex& mutex() noexcept { return mutex_; }

  /// Free blocks of a class: the magazine given last, else new memory; none if the system refuses.
  Chain take(std::size_t index) noexcept;

  /// Keeps a magazine for reuse; the oldest go back to the system beyond the limit.
  void give(std::size_t index, Chain chain) noexcept;

  /// Gives a magazine back to its slabs or the system.
  void discard(std::size_t index, Chain chain) noexcept;

  /// Gives back all that is kept, and forgets what the most in use was.
  void release() noexcept;

  void set_limit(std::optional<std::int64_t> bytes) noexcept;

  /// Bytes that the pool has from the system.
  std::int64_t system_bytes() noexcept;

 private:
  struct Magazine;  // lies in its first block
  struct Slab;      // lies in front of its blocks
  struct Doomed;    // on its way to the system

  std::int64_t limit() const noexcept;
  void note_peak() noexcept;
  Chain unlink(Magazine* magazine) noexcept;
  Chain cut(std::size_t index) noexcept;
  void link(Slab* slab) noexcept;
  void unlink(Slab* slab) noexcept;
  Doomed* break_up(std::size_t index, Chain chain, Doomed* doomed) noexcept;
  Doomed* shed(std::int64_t limit) noexcept;

  std::mutex mutex_;
  std::array<Magazine*, class_count> magazines_{};  // the newest of each class
  Magazine* newest_ = nullptr;                      // of all classes
  Magazine* oldest_ = nullptr;
  std::array<Slab*, small_classes> slabs_{};  // those with free blocks
  std::int64_t system_ = 0;                   // bytes from the system
  std::int64_t kept_ = 0;                     // bytes in magazines here
  std::int64_t peak_ = 0;                     // the most that was not kept
  std::optional<std::int64_t> limit_;
};

}  // namespace detail
}  // namespace xtape::memory
