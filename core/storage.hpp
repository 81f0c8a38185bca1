#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <xtape/core/ref.hpp>

namespace xtape::detail {

/// A counted run of bytes: from the pool, 64-byte aligned unless they are few, or memory of
/// somebody else's that is kept alive.
class Storage {
 public:
  static Ref<Storage> allocate(std::size_t bytes);
  /// A small one behind `room` bytes for its user, whole cache lines, in one block. It lasts until
  /// both are done with: the bytes when nobody refers to them any more, the room by `vacate`.
  static Ref<Storage> allocate_behind(std::size_t room, std::size_t bytes);
  static constexpr std::size_t most_behind = 256;  // bytes
  /// `release` is called once, when the last tensor over `data` is gone.
  static Ref<Storage> adopt(void* data, std::size_t bytes, std::function<void()> release);

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Whether one tensor alone refers to these bytes, and they may be written.
  bool exclusive() const { return references_.load(std::memory_order_acquire) == 1 && !external_; }

  std::byte* room() { return reinterpret_cast<std::byte*>(this) - room_; }
  /// `last` is what the room's user held, of this storage or another.
  void vacate(Ref<Storage> last) noexcept;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      end_(this);
    }
  }

 private:
  Storage(std::byte* data, std::size_t bytes, std::size_t room = 0)
      : room_(static_cast<std::uint16_t>(room)), data_(data), bytes_(bytes) {}
  void destroy() noexcept;

  std::atomic<std::uint32_t> references_{1};
  bool external_ = false;
  std::atomic<bool> half_done_{false};  // either the bytes or the room
  std::uint16_t room_;
  std::byte* data_;
  std::size_t bytes_;
  // By the copy of the library that made it, as Body::end.
  void (*end_)(Storage*) noexcept = [](Storage* storage) noexcept { storage->destroy(); };
};

}  // namespace xtape::detail
