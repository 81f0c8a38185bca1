#pragma once
#include <cstddef>
#include <utility>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// How references are counted. A type that is incomplete where its handles are copied overloads
/// these two.
template <class T>
void add_reference(T* object) noexcept {
  object->retain();
}
template <class T>
void drop_reference(T* object) noexcept {
  object->release();
}

/// Shared ownership of an object that counts its own references: `T` offers `retain()` and
/// `release()`, the latter ending it when the last reference goes.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) add_reference(object_);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) drop_reference(object_);
  }

  /// Takes over the reference that a new object is born with.
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// Adds a reference to an object that others hold too.
  static Ref share(T* object) noexcept {
    if (object != nullptr) add_reference(object);
    return adopt(object);
  }
  void reset() noexcept {
    if (object_ != nullptr) drop_reference(std::exchange(object_, nullptr));
  }
  /// Gives the reference up without releasing it.
  T* detach() noexcept { return std::exchange(object_, nullptr); }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace xtape

XTAPE_EXPORT_END
