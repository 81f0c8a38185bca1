#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/memory.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// A list of plain values for what there are many of: up to `in_place` of them lie in it, more in a
/// block of the pool.
template <class T, std::uint32_t in_place>
class Few {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>);

 public:
  Few() = default;
  explicit Few(std::span<const T> items) : count_(static_cast<std::uint32_t>(items.size())) {
    if (count_ > in_place) place_.many = memory::Allocator<T>().allocate(count_);
    if (count_ > 0) std::memcpy(begin(), items.data(), items.size_bytes());
  }
  Few(const Few& other) : Few(other.items()) {}
  Few(Few&& other) noexcept { swap(other); }
  Few& operator=(Few other) noexcept {
    swap(other);
    return *this;
  }
  ~Few() {
    if (count_ > in_place) memory::Allocator<T>().deallocate(place_.many, count_);
  }

  std::span<const T> items() const {
    return {count_ > in_place ? place_.many : place_.few, count_};
  }

 private:
  T* begin() { return count_ > in_place ? place_.many : place_.few; }
  void swap(Few& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(count_, other.count_);
  }

  union Place {
    T* many;
    T few[in_place];
  } place_{nullptr};
  std::uint32_t count_ = 0;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
