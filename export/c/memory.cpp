#include <algorithm>

#include <xtape/export/c/memory.hpp>

namespace xtape::exporting {

std::int64_t place_buffers(std::vector<CBuffer>& buffers, Dtype dtype) {
  std::vector<CBuffer*> all, placed;
  for (CBuffer& buffer : buffers)
    if (buffer.dtype == dtype) all.push_back(&buffer);
  std::ranges::stable_sort(all, std::ranges::greater(), &CBuffer::size);
  std::int64_t length = 0;
  for (CBuffer* buffer : all) {
    buffer->place = 0;
    for (const CBuffer* other : placed) {  // in the order of their places
      const bool together = other->first <= buffer->last && buffer->first <= other->last;
      const bool apart = other->place >= buffer->place + buffer->size ||
                         other->place + other->size <= buffer->place;
      if (together && !apart) buffer->place = other->place + other->size;
    }
    placed.insert(std::ranges::upper_bound(placed, buffer->place, {}, &CBuffer::place), buffer);
    length = std::max(length, buffer->place + buffer->size);
  }
  return length;
}

}  // namespace xtape::exporting
