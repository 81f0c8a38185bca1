#include <cmath>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/fourier.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

/// Calls f(transforms, type) with those of the dtype.
template <class F>
void with_kernels(Dtype dtype, F&& f) {
  const auto& kernels = kernels::chosen<kernels::FourierKernels>();
  if (dtype == Dtype::float32)
    f(kernels.float32, float());
  else
    f(kernels.float64, double());
}

Shape with_last(Shape shape, std::int64_t extent) {
  shape[-1] = extent;
  return shape;
}

/// Unscaled, along an axis of [..., n, ..., 2]. The transpose of it is the inverse.
struct ComplexFourier {
  static constexpr OpInfo info{"fft", true};
  bool inverse;
  int axis;
  void attributes(auto& visit) const {
    visit("inverse", inverse);
    visit("axis", axis);
  }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    const detail::AroundAxis around(x.shape(), axis);
    with_kernels(x.dtype(), [&]<class T>(const auto& transforms, T) {
      transforms.complex(dense.body().elements<T>(), y.body().elements<T>(), around.outer,
                         around.count, around.inner / 2, inverse);
    });
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, apply(ComplexFourier{!inverse, axis}, g));
  }
  Tensor batch(const Examples& x) const { return apply(ComplexFourier{inverse, axis + 1}, x[0]); }
};

/// Of a real row the first n / 2 + 1 numbers, [..., n] to [..., n / 2 + 1, 2], those twice, if
/// `doubled`, that stand for two; or, `back`, the transpose of that: y_j = sum of Re(x_k exp(2πi jk
/// / n)).
struct RealFourier {
  OpInfo info;
  std::int64_t n;
  bool doubled, back;
  void attributes(auto& visit) const {
    visit("n", n);
    visit("doubled", doubled);
  }

  OpResult infer(const Tensor& x) const {
    if (back) {
      const Shape rows(std::span(x.shape().begin(), x.shape().end() - 1));
      return {with_last(rows, n), x.dtype()};
    }
    Shape shape = with_last(x.shape(), n / 2 + 1);
    shape.push_back(2);
    return {shape, x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    with_kernels(x.dtype(), [&]<class T>(const auto& transforms, T) {
      const auto transform = back ? transforms.half_to_real : transforms.real_to_half;
      transform(dense.body().elements<T>(), y.body().elements<T>(), n, (back ? y : x).size() / n,
                doubled ? T{2} : T{1});
    });
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, apply(transposed(), g)); }
  Tensor batch(const Examples& x) const { return apply(RealFourier(*this), x[0]); }

  RealFourier transposed() const;
};

RealFourier forwards(std::int64_t n, bool doubled) { return {{"rfft", true}, n, doubled, false}; }
RealFourier backwards(std::int64_t n, bool doubled) { return {{"irfft", true}, n, doubled, true}; }
RealFourier RealFourier::transposed() const {
  return back ? forwards(n, doubled) : backwards(n, doubled);
}

/// The product of complex tensors of one floating dtype, or that of the first and the conjugate of
/// the second.
struct ComplexProduct {
  static constexpr OpInfo info{"complex_multiply"};
  bool conjugate;
  void attributes(auto& visit) const { visit("conjugate", conjugate); }
  SavedInput left{}, right{};

  OpResult infer(const Tensor& a, const Tensor& b) const {
    return {broadcast_shapes(info.name, a.shape(), b.shape()), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    const NoGradGuard off;
    const Tensor x = broadcast_to(a, y.shape()).contiguous();
    const Tensor z = broadcast_to(b, y.shape()).contiguous();
    with_kernels(y.dtype(), [&]<class T>(const auto& transforms, T) {
      transforms.product(x.body().elements<const T>(), z.body().elements<const T>(),
                         y.body().elements<T>(), y.size() / 2, conjugate);
    });
  }
  void keep(const Tensor&, const Tensor& a, const Tensor& b) {
    left = SavedInput(a), right = SavedInput(b);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0,
         [&] { return sum_to(apply(ComplexProduct{!conjugate}, g, right.get()), send.shape(0)); });
    send(1, [&] {
      const Tensor& a = left.get();
      return sum_to(
          conjugate ? apply(ComplexProduct{true}, a, g) : apply(ComplexProduct{true}, g, a),
          send.shape(1));
    });
  }
  Tensor jvp(const Tangents& t) const {
    const auto product = [this](const Tensor& a, const Tensor& b) {
      return apply(ComplexProduct{conjugate}, a, b);
    };
    if (!t[1].defined()) return product(t[0], right.get());
    if (!t[0].defined()) return product(left.get(), t[1]);
    return product(t[0], right.get()) + product(left.get(), t[1]);
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(ComplexProduct{conjugate}, all[0], all[1]);
  }
};

Tensor floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

void check_complex(const char* op, const Tensor& x) {
  detail::require_defined(op, "x", x);
  if (x.rank() == 0 || x.extent(-1) != 2) {
    throw ShapeError(std::string(op) +
                     ": a complex tensor is [..., 2], real and imaginary part; got " +
                     x.describe());
  }
}

/// The place of an axis among the first `rank`.
int axis_among(const char* op, const Tensor& x, std::int64_t axis, int rank) {
  if (rank == 0) throw ShapeError(std::string(op) + ": an axis is needed; got " + x.describe());
  return normalize_axis(op, axis, rank);
}

/// x with n elements along an axis: cut, or filled with zeros.
Tensor of_length(const char* op, const Tensor& x, int axis, std::optional<std::int64_t> given) {
  const std::int64_t extent = x.extent(axis), n = given.value_or(extent);
  detail::require_at_least(op, "the length", n, std::int64_t{1});
  if (n == extent) return x;
  if (n < extent) {
    std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
    slices.back() = range(0, n);
    return slice(x, slices);
  }
  std::vector<Padding> widths(static_cast<std::size_t>(x.rank()));
  widths[static_cast<std::size_t>(axis)].after = n - extent;
  return pad(x, widths);
}

double scale_of(FourierNorm norm, bool inverse, std::int64_t n) {
  if (norm == FourierNorm::ortho) return 1 / std::sqrt(static_cast<double>(n));
  return (norm == FourierNorm::backward) == inverse ? 1 / static_cast<double>(n) : 1;
}

Tensor scaled(const Tensor& x, double scale) { return scale == 1 ? x : x * scale; }

Tensor complex_transform(const char* op, const Tensor& given, const FourierOptions& options,
                         bool inverse) {
  check_complex(op, given);
  const int axis = axis_among(op, given, options.axis, given.rank() - 1);
  const Tensor x = of_length(op, floating(given), axis, options.n);
  return scaled(apply(ComplexFourier{inverse, axis}, x),
                scale_of(options.norm, inverse, x.extent(axis)));
}

Tensor along_axes(const char* op, Tensor x, const Axes& axes, FourierNorm norm, bool inverse) {
  check_complex(op, x);
  const auto chosen = axes.flags(op, x.rank() - 1);
  for (int axis = 0; axis < x.rank() - 1; ++axis) {
    if (chosen[static_cast<std::size_t>(axis)])
      x = complex_transform(op, x, {.axis = axis, .norm = norm}, inverse);
  }
  return x;
}

Tensor rolled(const char* op, Tensor x, const Axes& axes, bool back) {
  detail::require_defined(op, "x", x);
  const auto chosen = axes.flags(op, x.rank());
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t n = x.extent(axis);
    if (chosen[static_cast<std::size_t>(axis)]) x = roll(x, back ? -(n / 2) : n / 2, axis);
  }
  return x;
}

void check_distance(const char* op, double d) {
  detail::require(d != 0 && std::isfinite(d), op, "the distance", "be a number but 0", d);
}

/// Real or imaginary parts.
Tensor part(const Tensor& x, std::int64_t which) {
  std::vector<Slice> slices(static_cast<std::size_t>(x.rank()));
  slices.back() = which;
  return slice(x, slices);
}

}  // namespace

Tensor fft(const Tensor& x, const FourierOptions& options) {
  return complex_transform("fft", x, options, false);
}
Tensor ifft(const Tensor& x, const FourierOptions& options) {
  return complex_transform("ifft", x, options, true);
}

Tensor rfft(const Tensor& given, const FourierOptions& options) {
  detail::require_defined("rfft", "x", given);
  const int axis = axis_among("rfft", given, options.axis, given.rank());
  const Tensor x = of_length("rfft", floating(given), axis, options.n);
  const std::int64_t n = x.extent(axis);
  const Tensor y = apply(forwards(n, false), moveaxis(x, axis, -1));
  return scaled(moveaxis(y, -2, axis), scale_of(options.norm, false, n));
}

Tensor irfft(const Tensor& given, const FourierOptions& options) {
  check_complex("irfft", given);
  const int axis = axis_among("irfft", given, options.axis, given.rank() - 1);
  const std::int64_t n = options.n.value_or(2 * (given.extent(axis) - 1));
  detail::require_at_least("irfft", "the length", n, std::int64_t{1});
  const Tensor x = of_length("irfft", floating(given), axis, n / 2 + 1);
  const Tensor y = apply(backwards(n, true), moveaxis(x, axis, -2));
  return scaled(moveaxis(y, -1, axis), scale_of(options.norm, true, n));
}

Tensor fftn(const Tensor& x, const Axes& axes, FourierNorm norm) {
  return along_axes("fftn", x, axes, norm, false);
}
Tensor ifftn(const Tensor& x, const Axes& axes, FourierNorm norm) {
  return along_axes("ifftn", x, axes, norm, true);
}

Tensor fftfreq(std::int64_t n, double d) {
  detail::require_at_least("fftfreq", "the length", n, std::int64_t{1});
  check_distance("fftfreq", d);
  const Tensor counts = concatenate({arange((n + 1) / 2), arange(-(n / 2), std::int64_t{0})});
  return counts.to(Dtype::float64) / (static_cast<double>(n) * d);
}
Tensor rfftfreq(std::int64_t n, double d) {
  detail::require_at_least("rfftfreq", "the length", n, std::int64_t{1});
  check_distance("rfftfreq", d);
  return arange(n / 2 + 1).to(Dtype::float64) / (static_cast<double>(n) * d);
}

Tensor fftshift(const Tensor& x, const Axes& axes) { return rolled("fftshift", x, axes, false); }
Tensor ifftshift(const Tensor& x, const Axes& axes) { return rolled("ifftshift", x, axes, true); }

Tensor complex_multiply(const Tensor& a, const Tensor& b) {
  check_complex("complex_multiply", a);
  check_complex("complex_multiply", b);
  const Dtype dtype = promote(a.dtype(), b.dtype());
  if (is_floating(dtype)) return apply(ComplexProduct{false}, a.to(dtype), b.to(dtype));
  const Tensor ar = part(a, 0), ai = part(a, 1), br = part(b, 0), bi = part(b, 1);
  return stack({ar * br - ai * bi, ar * bi + ai * br}, -1);
}
Tensor complex_conj(const Tensor& x) {
  check_complex("complex_conj", x);
  return x * from_vector(std::vector<double>{1, -1}).to(floating(x).dtype());
}
Tensor complex_abs(const Tensor& x) {
  check_complex("complex_abs", x);
  return hypot(part(x, 0), part(x, 1));
}

}  // namespace xtape
