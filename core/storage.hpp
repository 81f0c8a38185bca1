#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <xtape/core/ref.hpp>

namespace xtape::detail {

/// A counted run of bytes, 64-byte aligned: from the pool, or memory of somebody else's that is
/// kept alive.
class Storage {
 public:
  static Ref<Storage> allocate(std::size_t bytes);
  /// `release` is called once, when the last tensor over `data` is gone.
  static Ref<Storage> adopt(void* data, std::size_t bytes, std::function<void()> release);

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Whether one tensor alone refers to these bytes, and they may be written.
  bool exclusive() const { return references_.load(std::memory_order_acquire) == 1 && !external_; }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      end_(this);
    }
  }

 private:
  Storage(std::byte* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  void destroy() noexcept;

  std::atomic<std::uint32_t> references_{1};
  bool external_ = false;
  std::byte* data_;
  std::size_t bytes_;
  // By the copy of the library that made it, as Body::end.
  void (*end_)(Storage*) noexcept = [](Storage* storage) noexcept { storage->destroy(); };
};

}  // namespace xtape::detail
