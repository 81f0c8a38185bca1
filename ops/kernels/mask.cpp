#include <algorithm>
#include <cstring>
#include <limits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/mask.hpp>
#include <xtape/ops/kernels/philox.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t piece_size = 8192;  // elements that threads share work by

constexpr std::int64_t columns = words_of_block, rows = elements_of_block / columns;
static_assert(piece_size % elements_of_block == 0 &&
              sizeof(PhiloxBlock::words) == elements_of_block * sizeof(std::uint16_t));

/// Which elements of a block are kept, by 16 random bits that each has.
XTAPE_INLINE void choose(const PhiloxBlock& block, std::int32_t threshold, std::uint16_t* words) {
  // NOLINTNEXTLINE(modernize-use-using)
  typedef std::uint16_t Bits __attribute__((vector_size(register_bytes)));
  constexpr auto width = static_cast<std::int64_t>(register_bytes / sizeof(std::uint16_t));
  static_assert(columns % width == 0);
  const auto* random = reinterpret_cast<const std::byte*>(block.words);
  const bool none = threshold > std::numeric_limits<std::uint16_t>::max();
  const auto least = static_cast<std::uint16_t>(none ? 0 : threshold);
  for (std::int64_t column = 0; column < columns; column += width) {
    Bits kept = {};
    for (std::int64_t row = 0; row < rows; ++row) {
      Bits bits;
      std::memcpy(&bits, random + 2 * (row * columns + column), sizeof(bits));
      kept |= reinterpret_cast<Bits>(bits >= least) & static_cast<std::uint16_t>(1u << row);
    }
    if (none) kept = Bits{};
    std::memcpy(words + column, &kept, sizeof(kept));
  }
}

/// Which elements of a register are kept, by the bit of a row in the words of their columns.
template <class T>
XTAPE_INLINE Mask<T> kept(const std::uint16_t* words, std::int64_t row) {
  typedef std::uint16_t Bits  // NOLINT(modernize-use-using)
      __attribute__((vector_size(Lane<T>::width * sizeof(std::uint16_t))));
  Bits own;
  std::memcpy(&own, words, sizeof(own));
  own &= static_cast<std::uint16_t>(1u << row);
  return {__builtin_convertvector(own, typename Mask<T>::Truths) != 0};
}

/// `count` elements of a block.
template <class T>
void apply(const T* x, T* y, std::int64_t count, T scale, const std::uint16_t* words) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  for (std::int64_t row = 0, i = 0; i < count; ++row) {
    for (std::int64_t column = 0; column < columns && i < count; column += width, i += width) {
      const auto part = [&](Lane<T> in) {
        return where(kept<T>(words + column, row), in * scale, Lane<T>(0));
      };
      if (i + width <= count)
        part(Lane<T>::load(x + i)).store(y + i);
      else
        part(Lane<T>::load_first(x + i, count - i)).store_first(y + i, count - i);
    }
  }
}

/// Calls f(start, count, words) for each block of n elements; threads share them.
template <class Words, class F>
void for_each_block(std::int64_t n, Words* words, const F& f) {
  detail::parallel_for(n, piece_size, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t start = first; start < last; start += elements_of_block)
      f(start, std::min(elements_of_block, last - start),
        words + start / elements_of_block * words_of_block);
  });
}

template <class T>
void dropout(const T* x, T* y, std::int64_t n, std::int32_t threshold, T scale, std::uint64_t key,
             std::uint64_t call, std::int64_t first, std::uint16_t* words) {
  for_each_block(n, words, [=](std::int64_t start, std::int64_t count, std::uint16_t* own) {
    PhiloxBlock block;
    const std::int64_t number = first + start / elements_of_block;
    block.generate(static_cast<std::uint64_t>(number) * block.counters, call, key);
    choose(block, threshold, own);
    apply(x + start, y + start, count, scale, own);
  });
}

template <class T>
void mask(const T* x, T* y, std::int64_t n, T scale, const std::uint16_t* words) {
  for_each_block(n, words, [=](std::int64_t start, std::int64_t count, const std::uint16_t* own) {
    apply(x + start, y + start, count, scale, own);
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const MaskKernels& compiled<MaskKernels, Level::XTAPE_LEVEL>() {
  static constexpr MaskKernels table{dropout<float>, dropout<double>, mask<float>, mask<double>};
  return table;
}

}  // namespace xtape::kernels
