#include <utility>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/kernels/add.hpp>

namespace xtape::detail {
Tensor accumulate(Tensor a, Tensor b) {
  if (!a.is_contiguous()) a = a.contiguous();
  if (!b.is_contiguous()) b = b.contiguous();
  const bool recorded = recording(a, b);
  if (!exclusive(a) && exclusive(b)) std::swap(a, b);
  Tensor sum = !recorded && exclusive(a) ? a : make_tensor(a.shape(), a.dtype());
  const auto& add = kernels::chosen<kernels::AddKernels>();
  const detail::Body &y = sum.body(), &left = a.body(), &right = b.body();
  if (a.dtype() == Dtype::float32) {
    add.float32(y.elements<float>(), left.elements<float>(), right.elements<float>(), sum.size());
  } else {
    add.float64(y.elements<double>(), left.elements<double>(), right.elements<double>(),
                sum.size());
  }
  return record("accumulate", std::move(sum), {a, b}, [](const Tensor& g, const Send& send) {
    send(0, g);
    send(1, g);
  });
}

}  // namespace xtape::detail
