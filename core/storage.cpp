#include <new>

#include <xtape/core/memory.hpp>
#include <xtape/core/storage.hpp>

namespace xtape::detail {
namespace {

constexpr std::size_t header_bytes = 64;  // in front of the bytes, and keeps them aligned
static_assert(sizeof(Storage) + sizeof(std::function<void()>) <= header_bytes);

std::function<void()>& release_of(Storage* storage) {
  return *std::launder(reinterpret_cast<std::function<void()>*>(storage + 1));
}

}  // namespace

Ref<Storage> Storage::allocate(std::size_t bytes) {
  auto* block = static_cast<std::byte*>(memory::allocate(header_bytes + bytes));
  return Ref<Storage>::adopt(::new (block) Storage(block + header_bytes, bytes));
}

Ref<Storage> Storage::adopt(void* data, std::size_t bytes, std::function<void()> release) {
  void* block = memory::allocate(header_bytes);
  auto* storage = ::new (block) Storage(static_cast<std::byte*>(data), bytes);
  ::new (static_cast<void*>(storage + 1)) std::function<void()>(std::move(release));
  storage->external_ = true;
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy() noexcept {
  const std::size_t block_bytes = header_bytes + (external_ ? 0 : bytes_);
  if (external_) {
    std::function<void()>& release = release_of(this);
    if (release) release();
    release.~function();
  }
  this->~Storage();
  memory::deallocate(this, block_bytes);
}

}  // namespace xtape::detail
