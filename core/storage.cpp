#include <new>

#include <xtape/core/depot.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/storage.hpp>

namespace xtape::detail {
namespace {

using memory::header_bytes;

/// Whether header and bytes lie in one block: the larger are apart, so that the bytes fill their
/// block and begin on a page.
bool together(std::size_t bytes) { return bytes <= memory::small_limit; }

static_assert(sizeof(Storage) + sizeof(std::function<void()>) <= header_bytes);

std::function<void()>& release_of(Storage* storage) {
  return *std::launder(reinterpret_cast<std::function<void()>*>(storage + 1));
}

}  // namespace

Ref<Storage> Storage::allocate(std::size_t bytes) {
  if (together(bytes)) {
    auto* block = static_cast<std::byte*>(memory::allocate(header_bytes + bytes));
    return Ref<Storage>::adopt(::new (block) Storage(block + header_bytes, bytes));
  }
  auto storage =
      Ref<Storage>::adopt(::new (memory::allocate(header_bytes)) Storage(nullptr, bytes));
  storage->data_ = static_cast<std::byte*>(memory::allocate(bytes));
  return storage;
}

Ref<Storage> Storage::adopt(void* data, std::size_t bytes, std::function<void()> release) {
  void* block = memory::allocate(header_bytes);
  auto* storage = ::new (block) Storage(static_cast<std::byte*>(data), bytes);
  ::new (static_cast<void*>(storage + 1)) std::function<void()>(std::move(release));
  storage->external_ = true;
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy() noexcept {
  std::size_t block_bytes = header_bytes;
  if (external_) {
    std::function<void()>& release = release_of(this);
    if (release) release();
    release.~function();
  } else if (together(bytes_)) {
    block_bytes += bytes_;
  } else {
    memory::deallocate(data_, bytes_);
  }
  this->~Storage();
  memory::deallocate(this, block_bytes);
}

}  // namespace xtape::detail
