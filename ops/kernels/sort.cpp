#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/sort.hpp>
#include <xtape/ops/kernels/vector_sort.hpp>

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

const SortKernels& sort_kernels() { return xtape::kernels::chosen<SortKernels>(); }

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

template <class T>
using List = std::vector<T, memory::Allocator<T>>;
template <class K>
using Entries = List<Entry<K>>;

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

template <class K>
void sort_all(Entries<K>& entries, Entries<K>& other) {
  constexpr std::size_t few = sizeof(K) * 12;  // that a comparing sort is faster for
  if (entries.size() <= 24) {
    insertion_sort(entries);
  } else if (entries.size() <= few) {
    std::sort(entries.begin(), entries.end());
  } else {
    other.resize(entries.size());
    radix_sort(entries, other);
  }
}

/// The same of the few that come first, without a list of all: a heap of those that are first so
/// far.
template <class K, class T>
void choose_first(const T* row, std::int64_t step, std::int64_t n, K flip, std::int64_t chosen,
                  Entries<K>& entries) {
  const auto key_at = [&](std::int64_t i) {
    return static_cast<K>(K{key_of(row[i * step])} ^ flip);
  };
  entries.clear();
  for (std::int64_t i = 0; i < chosen; ++i) entries.push_back({key_at(i), static_cast<K>(i)});
  std::make_heap(entries.begin(), entries.end());
  for (std::int64_t i = chosen; i < n; ++i) {
    const K key = key_at(i);
    if (key >= entries.front().key) [[likely]]  // of equal ones the first stays
      continue;
    std::pop_heap(entries.begin(), entries.end());
    entries.back() = {key, static_cast<K>(i)};
    std::push_heap(entries.begin(), entries.end());
  }
  std::sort_heap(entries.begin(), entries.end());
}

/// Keys and places in one number each, by the processor's registers.
template <class T>
void argsort_words(const detail::AroundAxis& from, const T* x, bool descending, std::int64_t chosen,
                   std::int64_t* y) {
  const auto sort = sort_kernels().ascending;
  List<std::int64_t> words(static_cast<std::size_t>(from.count)), room(words.size() + 16);
  const Narrow flip = (descending ? ~Narrow{0} : Narrow{0}) ^ (Narrow{1} << 31);
  for (std::int64_t i = 0; i < from.outer; ++i) {
    for (std::int64_t k = 0; k < from.inner; ++k) {
      const T* const row = x + i * from.count * from.inner + k;
      for (std::int64_t j = 0; j < from.count; ++j) {
        const Wide key = Narrow{key_of(row[j * from.inner])} ^ flip;
        words[static_cast<std::size_t>(j)] =
            static_cast<std::int64_t>(key << 32 | static_cast<Wide>(j));
      }
      sort(words.data(), from.count, room.data());
      std::int64_t* const to = y + i * chosen * from.inner + k;
      for (std::int64_t j = 0; j < chosen; ++j)
        to[j * from.inner] = words[static_cast<std::size_t>(j)] & Narrow{0xFFFFFFFF};
    }
  }
}

template <class K, class T>
void argsort(const detail::AroundAxis& from, const T* x, bool descending, std::int64_t chosen,
             std::int64_t* y) {
  const bool few = chosen < from.count / 16;
  if constexpr (std::is_same_v<K, Narrow>) {
    if (!few && sort_kernels().ascending != nullptr)
      return argsort_words(from, x, descending, chosen, y);
  }
  Entries<K> entries, other;
  const K flip = descending ? static_cast<K>(~K{0}) : K{0};
  for (std::int64_t i = 0; i < from.outer; ++i) {
    for (std::int64_t k = 0; k < from.inner; ++k) {
      const T* const row = x + i * from.count * from.inner + k;
      if (few) {
        choose_first(row, from.inner, from.count, flip, chosen, entries);
      } else {
        entries.resize(static_cast<std::size_t>(from.count));
        for (std::size_t j = 0; j < entries.size(); ++j) {
          const T value = row[static_cast<std::int64_t>(j) * from.inner];
          entries[j] = {static_cast<K>(K{key_of(value)} ^ flip), static_cast<K>(j)};
        }
        sort_all(entries, other);
      }
      std::int64_t* const to = y + i * chosen * from.inner + k;
      for (std::int64_t j = 0; j < chosen; ++j)
        to[j * from.inner] = static_cast<std::int64_t>(entries[static_cast<std::size_t>(j)].place);
    }
  }
}

template <class T>
void sort(const detail::AroundAxis& from, const T* x, bool descending, SortRow<T> sort_row, T* y) {
  List<T> room(static_cast<std::size_t>(2 * from.count + 32));
  for (std::int64_t i = 0; i < from.outer; ++i) {
    for (std::int64_t k = 0; k < from.inner; ++k) {
      const std::int64_t start = i * from.count * from.inner + k;
      sort_row(x + start, from.inner, from.count, descending, y + start, from.inner, room.data());
    }
  }
}

}  // namespace

bool sorts_values(Dtype dtype) {
  return dtype != Dtype::boolean && sort_kernels().float32 != nullptr;
}

void sort(const Tensor& x, int axis, bool descending, const Tensor& y) {
  if (y.size() == 0) return;
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      const auto& [float32, float64, int64, ascending] = sort_kernels();
      sort(detail::AroundAxis(x.shape(), axis), x.body().elements<const T>(), descending,
           std::get<SortRow<T>>(std::tuple(float32, float64, int64)), y.body().elements<T>());
    }
  });
}

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
