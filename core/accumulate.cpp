#include <utility>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>

namespace xtape::detail {
namespace {

template <class T>
void add_elements(std::byte* y, const std::byte* a, const std::byte* b, std::int64_t n) {
  auto* sum = reinterpret_cast<T*>(y);
  const auto* left = reinterpret_cast<const T*>(a);
  const auto* right = reinterpret_cast<const T*>(b);
  for (std::int64_t i = 0; i < n; ++i) sum[i] = left[i] + right[i];
}

}  // namespace

Tensor accumulate(Tensor a, Tensor b) {
  if (!a.is_contiguous()) a = a.contiguous();
  if (!b.is_contiguous()) b = b.contiguous();
  const bool recorded = recording(a, b);
  if (!exclusive(a) && exclusive(b)) std::swap(a, b);
  Tensor sum = !recorded && exclusive(a) ? a : make_tensor(a.shape(), a.dtype());
  const auto add = a.dtype() == Dtype::float32 ? add_elements<float> : add_elements<double>;
  add(sum.body().data, a.body().data, b.body().data, sum.size());
  return record("accumulate", std::move(sum), {a, b}, [](const Tensor& g, const Send& send) {
    send(0, g);
    send(1, g);
  });
}

}  // namespace xtape::detail
