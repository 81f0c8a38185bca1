#pragma once

#include <memory>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// A member by which those who keep a pointer to an object learn that it is gone, or was moved.
class Alive {
 public:
  Alive() = default;
  Alive(const Alive&) noexcept {}
  Alive(Alive&& other) noexcept { other.token_.reset(); }
  // What is assigned to stays where it is.
  Alive& operator=(const Alive&) noexcept {  // NOLINT(bugprone-unhandled-self-assignment)
    return *this;
  }
  Alive& operator=(Alive&& other) noexcept {
    if (this != &other) other.token_.reset();
    return *this;
  }
  ~Alive() = default;
  friend bool operator==(const Alive&, const Alive&) { return true; }

  class Weak {
   public:
    explicit Weak(const std::shared_ptr<char>& token) : token_(token) {}
    bool gone() const { return token_.expired(); }
    /// Throws ValueError if the object, called `what`, is gone.
    void require(const char* what) const;

   private:
    std::weak_ptr<char> token_;
  };
  Weak weak() const;

 private:
  mutable std::shared_ptr<char> token_;  // made when somebody asks
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
