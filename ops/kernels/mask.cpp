#include <algorithm>
#include <cstring>

#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/mask.hpp>
#include <xtape/ops/kernels/philox.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t piece_size = 8192;  // elements that threads share work by

/// Each element has 16 random bits: those below the threshold drop it. Places [first, last), the first of
/// which begins a block of random numbers.
template <class T>
void drop(const T* x, T* y, std::int64_t first, std::int64_t last, std::int32_t threshold, T scale,
          std::uint64_t key, std::uint64_t call) {
  PhiloxBlock block;
  std::uint16_t bits[sizeof(block.words) / sizeof(std::uint16_t)];
  constexpr auto elements = static_cast<std::int64_t>(sizeof(bits) / sizeof(bits[0]));
  static_assert(piece_size % elements == 0);
  for (std::int64_t start = first; start < last; start += elements) {
    block.generate(static_cast<std::uint64_t>(start / elements) * block.counters, call, key);
    std::memcpy(bits, block.words, sizeof(bits));
    const std::int64_t count = std::min(elements, last - start);
    for (std::int64_t i = 0; i < count; ++i)
      y[start + i] = bits[i] < threshold ? T{0} : x[start + i] * scale;
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
