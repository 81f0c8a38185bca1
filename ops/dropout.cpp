#include <algorithm>
#include <cmath>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/kernels/mask.hpp>

namespace xtape {
namespace {

constexpr double resolution = 0x1p16;  // each element has 16 random bits

}  // namespace

Tensor dropout(const Tensor& x, double rate, std::uint64_t key, std::uint64_t call) {
  detail::require_in("dropout", "rate", rate, 0.0, 1.0);
  if (!is_floating(x.dtype()))
    throw DtypeError("dropout: the input must be floating; got " + x.describe());
  const Tensor dense = x.contiguous();
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  const double threshold =
      rate < 1 ? std::min(std::round(rate * resolution), resolution - 1) : resolution;
  const double scale = resolution / (resolution - threshold);
  const auto limit = static_cast<std::int32_t>(threshold);
  const auto& mask = kernels::chosen<kernels::MaskKernels>();
  if (x.dtype() == Dtype::float32) {
    mask.dropout_float32(dense.body().elements<const float>(), y.body().elements<float>(), y.size(),
                         limit, static_cast<float>(scale), key, call);
  } else {
    mask.dropout_float64(dense.body().elements<const double>(), y.body().elements<double>(),
                         y.size(), limit, scale, key, call);
  }
  return record("dropout", std::move(y), {x},
                [=](const Tensor& g, const Send& send) { send(0, dropout(g, rate, key, call)); });
}

}  // namespace xtape
