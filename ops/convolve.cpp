#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/convolve.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/kernels/correlate.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape {
namespace {

/// Calls f(kernel, type) with that of the dtype.
template <class F>
void with_kernel(Dtype dtype, F f) {
  const auto& kernels = kernels::chosen<kernels::CorrelateKernels>();
  if (dtype == Dtype::float32) return f(kernels.float32, float());
  if (dtype == Dtype::float64) return f(kernels.float64, double());
  f(kernels.int64, std::int64_t());
}

/// y_i = sum over j of x_(i + j - before) v_j for i in [0, count), x being 0 outside; along the
/// last axis, the others being equal. Its derivatives are such sums again.
struct Correlate {
  static constexpr OpInfo info{"correlate"};
  std::int64_t before, count;
  void attributes(auto& visit) const {
    visit("before", before);
    visit("count", count);
  }
  SavedInput x{}, v{};

  OpResult infer(const Tensor& signal, const Tensor&) const {
    Shape shape = signal.shape();
    shape[-1] = count;
    return {shape, signal.dtype()};
  }
  void run(const Tensor& y, const Tensor& signal, const Tensor& other) const {
    const NoGradGuard off;
    const Tensor left = signal.contiguous(), right = other.contiguous();
    const std::int64_t n = left.extent(-1), m = right.extent(-1);
    with_kernel(y.dtype(), [&]<class T>(auto kernel, T) {
      const T* a = left.body().elements<const T>();
      const T* b = right.body().elements<const T>();
      T* to = y.body().elements<T>();
      for (const T* end = to + y.size(); to != end; a += n, b += m, to += count)
        kernel({a, n, b, m, before, to, count});
    });
  }
  void keep(const Tensor&, const Tensor& signal, const Tensor& other) {
    x = SavedInput(signal);
    v = SavedInput(other);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const Tensor other = v.get();
      const std::int64_t first = other.extent(-1) - 1 - before;
      return apply(Correlate{first, send.shape(0)[-1]}, g, flip(other, -1));
    });
    send(1, [&] { return apply(Correlate{before, send.shape(1)[-1]}, x.get(), g); });
  }
  Tensor jvp(const Tangents& t) const {
    const auto changed = [this](const Tensor& a, const Tensor& b) {
      return apply(Correlate{before, count}, a, b);
    };
    if (!t[1].defined()) return changed(t[0], v.get());
    if (!t[0].defined()) return changed(x.get(), t[1]);
    return changed(t[0], v.get()) + changed(x.get(), t[1]);
  }
  Tensor batch(const Examples& of) const {
    return apply(Correlate{before, count}, of.each(0), of.each(1));
  }
};

/// What a function was given, of one dtype and with the other axes broadcast.
struct Signals {
  Signals(const char* op, const Tensor& first, const Tensor& second) {
    detail::require_defined(op, "operands", first);
    detail::require_defined(op, "operands", second);
    const std::array given{first, second};
    const Dtype other = detail::dtype_of_all(given);
    Tensor adapted_a, adapted_b;
    a = detail::beside(op, first, other, adapted_a);
    b = detail::beside(op, second, other, adapted_b);
    const auto refuse = [&](const char* wanted) {
      throw ShapeError(std::string(op) + ": " + wanted + "; got " + a.describe() + " and " +
                       b.describe());
    };
    if (a.rank() == 0 || b.rank() == 0) refuse("signals have an axis");
    if (a.extent(-1) == 0 || b.extent(-1) == 0) refuse("signals must not be empty");
    const Dtype dtype = promote(a.dtype(), b.dtype());
    if (dtype == Dtype::boolean) {
      throw DtypeError(std::string(op) + ": numbers are needed; got " + a.describe() + " and " +
                       b.describe());
    }
    a = a.to(dtype);
    b = b.to(dtype);
    swapped = a.extent(-1) < b.extent(-1);
    const Shape together = broadcast_shapes(op, others(a), others(b));
    a = spread(a, together);
    b = spread(b, together);
  }
  /// The longer one, and the other.
  const Tensor& longer() const { return swapped ? b : a; }
  const Tensor& shorter() const { return swapped ? a : b; }

  Tensor a, b;
  bool swapped;

 private:
  static Shape others(const Tensor& x) {
    return Shape(std::span(x.shape().begin(), x.shape().end() - 1));
  }
  static Tensor spread(const Tensor& x, Shape shape) {
    shape.push_back(x.extent(-1));
    return broadcast_to(x, shape);
  }
};

/// How many elements of the shorter lie before the longer in the first overlap, and how many there
/// are.
Correlate overlaps(Overlap overlap, const Signals& of) {
  const std::int64_t n = of.longer().extent(-1), m = of.shorter().extent(-1);
  if (overlap == Overlap::full) return {m - 1, n + m - 1};
  if (overlap == Overlap::same) return {m / 2, n};
  return {0, n - m + 1};
}

/// The least length from n on that has no prime factor above 5: its transform is quick.
std::int64_t fast_length(std::int64_t n) {
  for (;; ++n) {
    std::int64_t rest = n;
    for (const std::int64_t factor : {2, 3, 5}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return n;
  }
}

}  // namespace

Tensor convolve(const Tensor& a, const Tensor& b, Overlap overlap) {
  const Signals of("convolve", a, b);
  return apply(overlaps(overlap, of), of.longer(), flip(of.shorter(), -1));
}

Tensor correlate(const Tensor& a, const Tensor& b, Overlap overlap) {
  const Signals of("correlate", a, b);
  const Tensor y = apply(overlaps(overlap, of), of.longer(), of.shorter());
  return of.swapped ? flip(y, -1) : y;
}

Tensor fftconvolve(const Tensor& first, const Tensor& second, Overlap overlap) {
  const Signals of("fftconvolve", first, second);
  const std::int64_t m = of.shorter().extent(-1);
  const std::int64_t length = fast_length(of.longer().extent(-1) + m - 1);
  const auto transformed = [length](const Tensor& x) { return rfft(x, {.n = length}); };
  const Tensor product = complex_multiply(transformed(of.longer()), transformed(of.shorter()));
  const Tensor full = irfft(product, {.n = length});
  const Correlate part = overlaps(overlap, of);
  const std::int64_t from = m - 1 - part.before;
  std::vector<Slice> slices(static_cast<std::size_t>(full.rank()), Slice::all);
  slices.back() = range(from, from + part.count);
  return slice(full, slices);
}

}  // namespace xtape
