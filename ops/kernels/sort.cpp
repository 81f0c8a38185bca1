#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/sort.hpp>

namespace xtape::kernels {
namespace {

using Narrow = std::uint32_t;
using Wide = std::uint64_t;

/// A natural number that is less where x is.
std::uint8_t key_of(bool x) { return x; }
Wide key_of(std::int64_t x) {
  return static_cast<Wide>(x) ^ Wide { 1 } << 63;
}
template <class T>
auto key_of(T x) {
  using Bits = std::conditional_t<std::is_same_v<T, float>, Narrow, Wide>;
  constexpr Bits sign = Bits{1} << (sizeof(Bits) * 8 - 1), all = ~Bits{0};
  if (x != x) return all;
  const auto bits = std::bit_cast<Bits>(x == 0 ? T{0} : x);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

/// An element: no two are equal.
template <class K>
struct Entry {
  K key, place;
  friend bool operator<(const Entry& a, const Entry& b) {
    if constexpr (std::is_same_v<K, Narrow>) {  // one comparison
      return (Wide{a.key} << 32 | a.place) < (Wide{b.key} << 32 | b.place);
    } else {
      return a.key < b.key || (a.key == b.key && a.place < b.place);
    }
  }
};

template <class K>
using Entries = std::vector<Entry<K>, memory::Allocator<Entry<K>>>;

/// By their keys, byte by byte from the lowest; `other` is room for as many.
template <class K>
void radix_sort(Entries<K>& entries, Entries<K>& other) {
  constexpr std::size_t bytes = sizeof(K);
  const auto digit = [](K key, std::size_t byte) { return key >> (8 * byte) & 255; };
  std::array<std::array<std::size_t, 256>, bytes> counts{};
  for (const Entry<K>& entry : entries) {
    for (std::size_t byte = 0; byte < bytes; ++byte) ++counts[byte][digit(entry.key, byte)];
  }
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    auto& place = counts[byte];
    if (place[digit(entries[0].key, byte)] == entries.size()) continue;  // the same in all
    std::size_t sum = 0;
    for (std::size_t& count : place) sum += std::exchange(count, sum);
    for (const Entry<K>& entry : entries) other[place[digit(entry.key, byte)]++] = entry;
    entries.swap(other);
  }
}

/// For a few, given in the order of their places.
template <class K>
void insertion_sort(Entries<K>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const Entry<K> entry = entries[i];
    std::size_t j = i;
    for (; j > 0 && entry.key < entries[j - 1].key; --j) entries[j] = entries[j - 1];
    entries[j] = entry;
  }
}

/// The first `chosen` in order.
template <class K>
void sort_first(Entries<K>& entries, Entries<K>& other, std::int64_t chosen) {
  constexpr std::size_t few = sizeof(K) * 12;  // that a comparing sort is faster for
  const auto first = entries.begin() + chosen;
  if (chosen < std::ssize(entries) / 16) {
    std::partial_sort(entries.begin(), first, entries.end());
  } else if (entries.size() <= 24) {
    insertion_sort(entries);
  } else if (entries.size() <= few) {
    std::sort(entries.begin(), entries.end());
  } else {
    other.resize(entries.size());
    radix_sort(entries, other);
  }
}

template <class K, class T>
void argsort(const detail::AroundAxis& from, const T* x, bool descending, std::int64_t chosen,
             std::int64_t* y) {
  Entries<K> entries(static_cast<std::size_t>(from.count)), other;
  const K flip = descending ? static_cast<K>(~K{0}) : K{0};
  for (std::int64_t i = 0; i < from.outer; ++i) {
    for (std::int64_t k = 0; k < from.inner; ++k) {
      const T* const row = x + i * from.count * from.inner + k;
      for (std::size_t j = 0; j < entries.size(); ++j) {
        const T value = row[static_cast<std::int64_t>(j) * from.inner];
        entries[j] = {static_cast<K>(K{key_of(value)} ^ flip), static_cast<K>(j)};
      }
      sort_first(entries, other, chosen);
      std::int64_t* const to = y + i * chosen * from.inner + k;
      for (std::int64_t j = 0; j < chosen; ++j)
        to[j * from.inner] = static_cast<std::int64_t>(entries[static_cast<std::size_t>(j)].place);
    }
  }
}

}  // namespace

void argsort(const Tensor& x, int axis, bool descending, std::int64_t chosen, const Tensor& y) {
  if (y.size() == 0) return;
  const detail::AroundAxis from(x.shape(), axis);
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    const T* const elements = x.body().elements<const T>();
    auto* const places = y.body().elements<std::int64_t>();
    if constexpr (sizeof(T) < sizeof(Wide)) {
      if (from.count <= std::int64_t{std::numeric_limits<Narrow>::max()})
        return argsort<Narrow>(from, elements, descending, chosen, places);
    }
    argsort<Wide>(from, elements, descending, chosen, places);
  });
}

}  // namespace xtape::kernels
