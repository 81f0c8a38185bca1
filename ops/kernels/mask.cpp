#include <algorithm>
#include <cstring>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/mask.hpp>
#include <xtape/ops/kernels/philox.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t piece_size = 8192;  // elements that threads share work by

/// Whether each of the elements of a register is kept, by 16 random bits that it has.
template <class T>
XTAPE_INLINE Mask<T> kept(const std::uint16_t* bits, std::int32_t threshold) {
  typedef std::uint16_t Bits  // NOLINT(modernize-use-using)
      __attribute__((vector_size(Lane<T>::width * sizeof(std::uint16_t))));
  Bits own;
  std::memcpy(&own, bits, sizeof(own));
  return {__builtin_convertvector(own, typename Mask<T>::Truths) >= threshold};
}

/// Places [first, last), the first of which begins a block of random numbers.
template <class T>
void drop(const T* x, T* y, std::int64_t first, std::int64_t last, std::int32_t threshold, T scale,
          std::uint64_t key, std::uint64_t call) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  PhiloxBlock block;
  std::uint16_t bits[sizeof(block.words) / sizeof(std::uint16_t)];
  constexpr auto elements = static_cast<std::int64_t>(sizeof(bits) / sizeof(bits[0]));
  static_assert(piece_size % elements == 0 && elements % width == 0);
  for (std::int64_t start = first; start < last; start += elements) {
    block.generate(static_cast<std::uint64_t>(start / elements) * block.counters, call, key);
    std::memcpy(bits, block.words, sizeof(bits));
    const std::int64_t count = std::min(elements, last - start);
    const auto part = [&](std::int64_t i, Lane<T> in) {
      return where(kept<T>(bits + i, threshold), in * scale, Lane<T>(0));
    };
    const T* from = x + start;
    T* to = y + start;
    std::int64_t i = 0;
    for (; i + width <= count; i += width) part(i, Lane<T>::load(from + i)).store(to + i);
    if (i == count) continue;
    part(i, Lane<T>::load_first(from + i, count - i)).store_first(to + i, count - i);
  }
}

template <class T>
void dropout(const T* x, T* y, std::int64_t n, std::int32_t threshold, T scale, std::uint64_t key,
             std::uint64_t call) {
  detail::parallel_for(n, piece_size, [&](std::int64_t first, std::int64_t last) {
    drop(x, y, first, last, threshold, scale, key, call);
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const MaskKernels& compiled<MaskKernels, Level::XTAPE_LEVEL>() {
  static constexpr MaskKernels table{dropout<float>, dropout<double>};
  return table;
}

}  // namespace xtape::kernels
