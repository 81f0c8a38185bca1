#pragma once
#include <cstddef>
#include <utility>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An object that one handle owns, and `end` or else `delete` ends: what std::unique_ptr is, for
/// members of installed classes. Those are in every program, and this compiles in a tenth of the
/// time. Where a handle is destroyed, T must be complete unless there is an `end`.
template <class T, void (*end)(T*) noexcept = nullptr>
class Owned {
 public:
  Owned() = default;
  Owned(std::nullptr_t) {}
  explicit Owned(T* object) noexcept : object_(object) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Owned() { reset(nullptr); }

  void reset(T* object) noexcept {
    T* const before = std::exchange(object_, object);
    if constexpr (end != nullptr) {
      if (before != nullptr) end(before);
    } else {
      static_assert(sizeof(T) > 0);
      delete before;
    }
  }
  /// Gives the object up without ending it.
  T* release() noexcept { return std::exchange(object_, nullptr); }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Owned& owned, std::nullptr_t) noexcept { return !owned; }

 private:
  T* object_ = nullptr;
};

}  // namespace xtape

XTAPE_EXPORT_END
