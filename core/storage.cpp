#include <algorithm>
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

using Release = std::function<void()>;

/// Behind the header of memory that is somebody else's. Of libc++'s functions, which are larger and
/// stricter about where they lie, a header has no room.
constexpr std::size_t release_place =
    (sizeof(Storage) + alignof(Release) - 1) / alignof(Release) * alignof(Release);
constexpr std::size_t adopted_bytes = std::max(header_bytes, release_place + sizeof(Release));

/// A few bytes lie in the header itself.
constexpr std::size_t spare_bytes = header_bytes - sizeof(Storage);

constexpr std::size_t block_bytes(std::size_t room, std::size_t bytes) {
  return room + header_bytes + (bytes <= spare_bytes ? 0 : bytes);
}

std::byte* place_of_release(Storage* storage) {
  return reinterpret_cast<std::byte*>(storage) + release_place;
}
Release& release_of(Storage* storage) {
  return *std::launder(reinterpret_cast<Release*>(place_of_release(storage)));
}

}  // namespace

Ref<Storage> Storage::allocate(std::size_t bytes) {
  if (together(bytes)) return allocate_behind(0, bytes);
  auto storage =
      Ref<Storage>::adopt(::new (memory::allocate(header_bytes)) Storage(nullptr, bytes));
  storage->data_ = static_cast<std::byte*>(memory::allocate(bytes));
  return storage;
}

Ref<Storage> Storage::allocate_behind(std::size_t room, std::size_t bytes) {
  auto* place = static_cast<std::byte*>(memory::allocate(block_bytes(room, bytes))) + room;
  std::byte* data = place + (bytes <= spare_bytes ? sizeof(Storage) : header_bytes);
  return Ref<Storage>::adopt(::new (place) Storage(data, bytes, room));
}

Ref<Storage> Storage::adopt(void* data, std::size_t bytes, std::function<void()> release) {
  void* block = memory::allocate(adopted_bytes);
  auto* storage = ::new (block) Storage(static_cast<std::byte*>(data), bytes);
  ::new (static_cast<void*>(place_of_release(storage))) Release(std::move(release));
  storage->external_ = true;
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy() noexcept {
  if (room_ > 0 && !half_done_.load(std::memory_order_acquire) &&
      !half_done_.exchange(true, std::memory_order_acq_rel)) {
    return;
  }
  std::size_t bytes = header_bytes;
  if (external_) {
    Release& release = release_of(this);
    if (release) release();
    release.~Release();
    bytes = adopted_bytes;
  } else if (together(bytes_)) {
    bytes = block_bytes(room_, bytes_);
  } else {
    memory::deallocate(data_, bytes_);
  }
  std::byte* const block = room();
  this->~Storage();
  memory::deallocate(block, bytes);
}

void Storage::vacate(Ref<Storage> last) noexcept {
  if (last.get() == this && exclusive()) {  // nobody else can end it meanwhile
    half_done_.store(true, std::memory_order_relaxed);
    return;
  }
  last = nullptr;
  if (half_done_.exchange(true, std::memory_order_acq_rel)) destroy();
}

}  // namespace xtape::detail
