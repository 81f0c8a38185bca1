#include <algorithm>
#include <cstring>
#include <utility>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/kernels/add.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/table_gradient.hpp>

namespace xtape::detail {

namespace {

/// y = a + b, all dense.
void add_dense(const Body& y, const Body& a, const Body& b) {
  const auto& add = kernels::chosen<kernels::AddKernels>();
  constexpr std::int64_t piece = 8192;  // elements that threads share work by
  parallel_for(y.size, piece, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t n = last - first;
    if (a.dtype != b.dtype) {
      add.widening(y.elements<double>() + first, a.elements<double>() + first,
                   b.elements<float>() + first, n);
    } else if (a.dtype == Dtype::float32) {
      add.float32(y.elements<float>() + first, a.elements<float>() + first,
                  b.elements<float>() + first, n);
    } else {
      add.float64(y.elements<double>() + first, a.elements<double>() + first,
                  b.elements<double>() + first, n);
    }
  });
}

template <class T>
void add_blocks(std::byte* y, const std::byte* const* x, const std::int64_t*, std::int64_t n) {
  const auto& add = kernels::chosen<kernels::AddKernels>();
  const auto* a = reinterpret_cast<const T*>(x[0]);
  const auto* b = reinterpret_cast<const T*>(x[1]);
  if constexpr (std::is_same_v<T, float>)
    add.float32(reinterpret_cast<T*>(y), a, b, n);
  else
    add.float64(reinterpret_cast<T*>(y), a, b, n);
}

/// a + b for tensors of one shape.
struct Accumulate {
  static constexpr OpInfo info{"accumulate", true};

  OpResult infer(const Tensor& a, const Tensor&) const { return {a.shape(), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    const NoGradGuard off;
    add_dense(y.body(), a.contiguous().body(), b.contiguous().body());
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, g);
    send(1, [&] { return g.to(send.dtype(1)); });
  }
  Tensor jvp(const Tangents& t) const {
    if (!t[0].defined()) return t[1].to(t.dtype());
    return t[1].defined() ? accumulate(t[0], t[1]) : t[0];
  }
  Tensor batch(const Examples& x) const { return accumulate(x.each(0), x.each(1)); }
  BlockFunction loop(Dtype compute) const {
    return compute == Dtype::float32 ? add_blocks<float> : add_blocks<double>;
  }
};

}  // namespace

Tensor accumulate(Tensor a, Tensor b) {
  if (of_rows(a) || of_rows(b)) [[unlikely]]
    return accumulate_rows(std::move(a), std::move(b));
  if (!exclusive(a) && exclusive(b) && a.dtype() == b.dtype()) std::swap(a, b);
  if (!exclusive(a) || b.requires_grad() || b.body().mapped || Watcher::repeating())
    return apply(Accumulate(), a, b);
  if (b.is_contiguous()) {  // in place
    add_dense(a.body(), a.body(), b.body());
  } else {
    Accumulate().run(a, a, b);
  }
  return a;
}

namespace {

/// Through the door, for who watches.
struct Zeros {
  static constexpr OpInfo info{"zeros"};
  Shape shape;
  Dtype dtype;

  OpResult infer() const { return {shape, dtype}; }
  void run(const Tensor& y) const {
    std::memset(y.body().data, 0, static_cast<std::size_t>(y.size()) * size_of(dtype));
  }
};

}  // namespace

void GradientSum::count_part(const PartPlace& part) {
  constexpr std::uint8_t most = 64;  // beyond these float32 is too narrow
  const auto place = [](std::int64_t at) {
    return static_cast<std::uint16_t>(std::min(at, furthest));
  };
  if (part.high == 0) return;  // of nothing
  const std::uint16_t low = place(part.low), high = place(part.high);
  if (high_ == 0) {  // the first
    low_ = low;
    high_ = high;
    axis_ = static_cast<std::int8_t>(part.axis);
    return;
  }
  const bool along = part.axis == axis_;
  const bool beside = along && part.high <= furthest && (high <= low_ || low >= high_);
  low_ = along ? std::min(low_, low) : std::uint16_t{0};
  high_ = along ? std::max(high_, high) : place(furthest);
  if (beside || parts_ == most) return;
  if (++parts_ < most || sum_.dtype() != Dtype::float32) [[likely]]
    return;
  widened_ = true;
  sum_ = sum_.to(Dtype::float64);
}

void GradientSum::add(Tensor part) {
  if (sum_.defined()) [[unlikely]] {
    if (!of_rows(sum_)) count_part({});
    sum_ = accumulate(std::move(sum_), std::move(part));
    own_ = false;
  } else {
    sum_ = std::move(part);
    high_ = static_cast<std::uint16_t>(furthest);
  }
}

const Tensor& GradientSum::whole(const Shape& shape, Dtype dtype, const PartPlace& part) {
  if (!sum_.defined()) {
    sum_ = apply(Zeros{shape, dtype});
  } else if (of_rows(sum_)) {
    sum_ = dense(sum_);
  } else if (!own_ && !exclusive(sum_)) {
    sum_ = sum_.detach().clone();
  }
  own_ = true;
  count_part(part);
  return sum_;
}

bool GradientSum::mapped() const { return sum_.defined() && sum_.body().mapped; }

const Tensor& GradientSum::value() {
  own_ = false;
  if (std::exchange(widened_, false)) sum_ = sum_.to(Dtype::float32);
  return sum_;
}

const Tensor& GradientSum::dense_value() {
  if (value().defined()) sum_ = dense(sum_);
  return sum_;
}

Tensor GradientSum::take() {
  value();
  return std::move(sum_);
}

}  // namespace xtape::detail
