#include <type_traits>

#include <xtape/core/wraps.hpp>
#include <xtape/ops/kernels/gather.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T, class From>
void run_typed(T* to, const From* from, std::int64_t stride, std::int64_t n) {
  if (stride == 1) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
  } else if (stride == 2) {  // real or imaginary parts
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[2 * i]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i * stride]);
  }
}

void run(std::byte* to, Dtype compute, const std::byte* from, Dtype dtype, std::int64_t stride,
         std::int64_t n) {
  visit(compute, [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      visit(dtype, [&]<class Given>(TypeTag<Given>) {
        using From = std::conditional_t<std::is_same_v<Given, bool>, std::uint8_t, Given>;
        run_typed(reinterpret_cast<T*>(to), reinterpret_cast<const From*>(from), stride, n);
      });
    }
  });
}

/// By its polynomial in a and b modulo 2.
void truths(const bool* a, const bool* b, bool* y, std::int64_t n, const bool (&results)[4]) {
  const bool one = results[0], by_a = one != results[1], by_b = one != results[2];
  const bool by_both = by_a != (results[2] != results[3]);
  for (std::int64_t i = 0; i < n; ++i)
    y[i] = (one ^ (a[i] & by_a) ^ (b[i] & by_b) ^ (a[i] & b[i] & by_both)) != 0;
}

XTAPE_WRAPS bool from_front(const std::int64_t* indices, std::int64_t extent, std::int64_t* y,
                            std::int64_t n) {
  std::uint64_t signs = 0;  // of the place, and of what is left behind it
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t place = indices[i] + (indices[i] < 0 ? extent : 0);
    y[i] = place;
    const auto unsigned_place = static_cast<std::uint64_t>(place);
    signs |= unsigned_place | (static_cast<std::uint64_t>(extent - 1) - unsigned_place);
  }
  return signs >> 63 == 0;
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const GatherKernels& compiled<GatherKernels, Level::XTAPE_LEVEL>() {
  static constexpr GatherKernels table{run, truths, from_front};
  return table;
}

}  // namespace xtape::kernels
