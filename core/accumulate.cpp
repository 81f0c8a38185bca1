#include <utility>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/kernels/add.hpp>

namespace xtape::detail {
Tensor accumulate(Tensor a, Tensor b) {
  if (!a.is_contiguous()) a = a.contiguous();
  if (!b.is_contiguous()) b = b.contiguous();
  const bool recorded = recording(a, b);
  const auto& add = kernels::chosen<kernels::AddKernels>();
  if (a.dtype() != b.dtype()) {
    if (!recorded && exclusive(a)) {
      add.widening(a.body().elements<double>(), b.body().elements<float>(), a.size());
      return a;
    }
    b = b.to(a.dtype());
  }
  if (!exclusive(a) && exclusive(b)) std::swap(a, b);
  Tensor sum = !recorded && exclusive(a) ? a : make_tensor(a.shape(), a.dtype());
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

void GradientSum::add(Tensor part) {
  constexpr std::uint32_t most = 64;  // beyond these float32 is too narrow
  if (!sum_.defined()) {
    sum_ = std::move(part);
  } else {
    if (++parts_ >= most && sum_.dtype() == Dtype::float32) [[unlikely]] {
      widened_ = true;
      sum_ = sum_.to(Dtype::float64);
    }
    sum_ = accumulate(std::move(sum_), std::move(part));
  }
}

const Tensor& GradientSum::value() {
  if (std::exchange(widened_, false)) sum_ = sum_.to(Dtype::float32);
  return sum_;
}

Tensor GradientSum::take() {
  value();
  return std::move(sum_);
}

}  // namespace xtape::detail
