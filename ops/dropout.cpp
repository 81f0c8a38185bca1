#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/kernels/philox.hpp>

namespace xtape {
namespace {

/// Each element has 16 random bits: those below the threshold drop it.
constexpr double resolution = 0x1p16;

template <class T>
void apply_mask(const T* x, T* y, std::int64_t n, double rate, std::uint64_t key,
                std::uint64_t call) {
  const double threshold = std::round(rate * resolution);
  const T scale = static_cast<T>(resolution / (resolution - threshold));
  const auto limit = static_cast<std::int32_t>(threshold);
  kernels::PhiloxBlock block;
  std::uint16_t bits[sizeof(block.words) / sizeof(std::uint16_t)];
  constexpr auto elements = static_cast<std::int64_t>(std::size(bits));
  for (std::int64_t start = 0; start < n; start += elements) {
    block.generate(static_cast<std::uint64_t>(start / elements) * block.counters, call, key);
    std::memcpy(bits, block.words, sizeof(bits));
    const std::int64_t count = std::min(elements, n - start);
    for (std::int64_t i = 0; i < count; ++i)
      y[start + i] = bits[i] < limit ? T{0} : x[start + i] * scale;
  }
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, std::uint64_t key, std::uint64_t call) {
  if (!(rate >= 0 && rate <= 1))
    throw ValueError("dropout: rate must lie in [0, 1]; got " + std::to_string(rate));
  if (!is_floating(x.dtype()))
    throw DtypeError("dropout: the input must be floating; got " + x.describe());
  const Tensor dense = x.contiguous();
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_floating_point_v<T>) {
      apply_mask(dense.body().elements<const T>(), y.body().elements<T>(), y.size(), rate, key,
                 call);
    }
  });
  return record("dropout", std::move(y), {x},
                [=](const Tensor& g, const Send& send) { send(0, dropout(g, rate, key, call)); });
}

}  // namespace xtape
