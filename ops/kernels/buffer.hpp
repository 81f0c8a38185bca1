#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/kernels/level.hpp>
#include <xtape/core/memory.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Elements from the pool, uninitialised.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(memory::allocate(bytes_))) {}
  ~Buffer() { memory::deallocate(data_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
