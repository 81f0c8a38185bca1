// Fourier transforms against their definition, in long double.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Complexes = std::vector<std::complex<long double>>;

Complexes complexes(const Tensor& pairs) {
  const Doubles numbers = values(pairs);
  Complexes list;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
    list.emplace_back(numbers[i], numbers[i + 1]);
  return list;
}

/// The definition; sign -1 forwards.
Complexes transformed(const Complexes& x, int sign) {
  const std::size_t n = x.size();
  Complexes y(n);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < n; ++j) {
      const long double angle = sign * 2 * std::numbers::pi_v<long double> *
                                static_cast<long double>(j * k % n) / static_cast<long double>(n);
      y[k] += x[j] * std::polar(1.0L, angle);
    }
  }
  return y;
}

/// The largest distance, as a part of the root mean square of a transform of such numbers.
double distance(const Tensor& got, const Complexes& expected, std::size_t count) {
  const Complexes numbers = complexes(got);
  REQUIRE(numbers.size() == count);
  long double worst = 0;
  for (std::size_t k = 0; k < count; ++k)
    worst = std::max(worst, std::abs(numbers[k] - expected[k]));
  return static_cast<double>(worst / std::sqrt(static_cast<long double>(expected.size())));
}

}  // namespace

TEST_CASE("Fourier transforms of all lengths to 130, and of some beyond, by the definition") {
  std::vector<std::int64_t> lengths{149, 210, 256, 337, 360, 625, 729, 1024, 1009};
  for (std::int64_t n = 1; n <= 130; ++n) lengths.push_back(n);
  Rng rng(0);
  for (const std::int64_t n : lengths) {
    CAPTURE(n);
    const Tensor x = rng.normal({n, 2}, 0, 1, Dtype::float64);
    const Complexes forwards = transformed(complexes(x), -1), back = transformed(complexes(x), 1);
    const auto count = static_cast<std::size_t>(n);
    CHECK(distance(fft(x), forwards, count) < 4e-15);
    CHECK(distance(fft(x.to(Dtype::float32)), forwards, count) < 2e-6);
    CHECK(distance(ifft(x) * n, back, count) < 4e-15);

    const Tensor real = rng.normal({n}, 0, 1, Dtype::float64);
    const Tensor as_pairs = stack({real, zeros_like(real)}, -1);
    const Complexes of_real = transformed(complexes(as_pairs), -1);
    CHECK(distance(rfft(real), of_real, count / 2 + 1) < 4e-15);
    CHECK(distance(rfft(real.to(Dtype::float32)), of_real, count / 2 + 1) < 2e-6);
    CHECK(mismatch(irfft(rfft(real), {.n = n}), real, 8e-15) == "");
    CHECK(mismatch(irfft(rfft(real.to(Dtype::float32)), {.n = n}), real.to(Dtype::float32), 4e-6) ==
          "");
  }
}

TEST_CASE("a long transform of one element has the digits of sine and cosine") {
  for (const std::int64_t n : {std::int64_t{100000}, std::int64_t{131072}, std::int64_t{99991}}) {
    CAPTURE(n);
    constexpr std::int64_t place = 12345;
    const Tensor one = (arange(n) == place).to(Dtype::float64);
    const Complexes y = complexes(fft(stack({one, zeros_like(one)}, -1)));
    long double worst = 0;
    for (std::int64_t k = 0; k < n; ++k) {
      const long double turns =
          static_cast<long double>(k * place % n) / static_cast<long double>(n);
      const auto exact = std::polar(1.0L, -2 * std::numbers::pi_v<long double> * turns);
      worst = std::max(worst, std::abs(y[static_cast<std::size_t>(k)] - exact));
    }
    CHECK(worst < (n == 99991 ? 4e-14 : 2e-15));  // by a convolution, of numbers up to sqrt(n)
  }
}

TEST_CASE("Fourier transforms have rows, axes, lengths and norms") {
  Rng rng(1);
  const Tensor x = rng.normal({4, 6, 2}, 0, 1, Dtype::float64);
  const Tensor rows = fft(x), columns = fft(x, {.axis = 0});
  for (std::int64_t i = 0; i < 4; ++i) CHECK(mismatch(rows[i], fft(x[i])) == "");
  for (std::int64_t j = 0; j < 6; ++j)
    CHECK(mismatch(slice(columns, {Slice::all, j}), fft(slice(x, {Slice::all, j}))) == "");
  CHECK(mismatch(fftn(x), fft(columns), 4e-15) == "");
  CHECK(mismatch(ifftn(fftn(x)), x, 4e-15) == "");
  CHECK(mismatch(fftn(x, {0}), columns) == "");
  CHECK(mismatch(fft(x, {.n = 4}), fft(slice(x, {Slice::all, range(0, 4)}))) == "");
  const Tensor longer = concatenate({x, zeros({4, 3, 2}, Dtype::float64)}, 1);
  CHECK(mismatch(fft(x, {.n = 9}), fft(longer)) == "");
  for (const FourierNorm norm : {FourierNorm::backward, FourierNorm::ortho, FourierNorm::forward}) {
    CHECK(mismatch(ifft(fft(x, {.norm = norm}), {.norm = norm}), x, 4e-15) == "");
    const Tensor real = slice(x, {Slice::all, Slice::all, 0});
    CHECK(mismatch(irfft(rfft(real, {.norm = norm}), {.norm = norm}), real, 4e-15) == "");
    CHECK(mismatch(rfft(real, {.axis = 0, .norm = norm}),
                   slice(fft(stack({real, zeros_like(real)}, -1), {.axis = 0, .norm = norm}),
                         {range(0, 3)}),
                   4e-15) == "");
  }
  // ortho keeps the sum of squares (Parseval); forward scales the first way.
  CHECK(sum(square(fft(x, {.norm = FourierNorm::ortho}))).item() ==
        doctest::Approx(sum(square(x)).item()).epsilon(1e-14));
  CHECK(mismatch(fft(x, {.norm = FourierNorm::forward}) * 6, rows, 4e-15) == "");
  CHECK(fft(zeros({0, 3, 2})).shape() == Shape{0, 3, 2});
  CHECK(rfft(zeros({0, 5})).shape() == Shape{0, 3, 2});
  CHECK(rfft(arange(4)).dtype() == Dtype::float64);
}

TEST_CASE("many rows are transformed side by side, and each as alone") {
  Rng rng(2);
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t n : {1, 4, 7, 8, 12, 50, 74}) {
      CAPTURE(n);
      const Tensor x = rng.normal({37, n, 2}, 0, 1, Dtype::float64).to(dtype);
      const Tensor y = fft(x), back = ifft(x), half = rfft(reshape(x, {37, 2 * n}));
      const Tensor whole = irfft(x, {.n = 2 * n - 1});
      for (std::int64_t i = 0; i < 37; i += i < 30 ? 7 : 1) {
        CHECK(mismatch(y[i], fft(x[i])) == "");
        CHECK(mismatch(back[i], ifft(x[i])) == "");
        CHECK(mismatch(half[i], rfft(ravel(x[i]))) == "");
        CHECK(mismatch(whole[i], irfft(x[i], {.n = 2 * n - 1})) == "");
      }
    }
  }
}

TEST_CASE("frequencies and shifts as NumPy gives them") {
  CHECK(values(fftfreq(8, 0.1)) == Doubles{0, 1.25, 2.5, 3.75, -5, -3.75, -2.5, -1.25});
  CHECK(values(fftfreq(5) * 5) == Doubles{0, 1, 2, -2, -1});
  CHECK(values(rfftfreq(8, 0.125)) == Doubles{0, 1, 2, 3, 4});
  CHECK(values(fftshift(arange(5))) == Doubles{3, 4, 0, 1, 2});
  CHECK(values(fftshift(arange(4))) == Doubles{2, 3, 0, 1});
  CHECK(values(ifftshift(fftshift(arange(5)))) == Doubles{0, 1, 2, 3, 4});
  CHECK(values(fftshift(reshape(arange(6), {2, 3}), 1)) == Doubles{2, 0, 1, 5, 3, 4});
  CHECK(error_of<ValueError>([] { return fftfreq(4, 0); }) ==
        "fftfreq: the distance must be a number but 0; got 0");
  // Imaginary parts that a real row has not are not read.
  CHECK(values(irfft(tensor({{4.0, 9.0}, {0.0, 0.0}, {0.0, 7.0}}))) == Doubles{1, 1, 1, 1});
}

TEST_CASE("a convolution by transforms, and its gradient") {
  Rng rng(2);
  const Tensor a = rng.normal({7}, 0, 1, Dtype::float64), b = rng.normal({7}, 0, 1, Dtype::float64);
  const auto convolved = [&](const Tensor& x) {
    return irfft(complex_multiply(rfft(x), rfft(b)), {.n = 7});
  };
  Doubles expected(7, 0), slope(7, 0);
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t j = 0; j < 7; ++j) {
      expected[(i + j) % 7] += values(a)[i] * values(b)[j];
      slope[i] += values(b)[j] * static_cast<double>((i + j) % 7);
    }
  }
  CHECK(mismatch(convolved(a), from_vector(expected), 4e-15) == "");
  const auto weighted = [&](const Tensor& x) { return sum(convolved(x) * arange(7)); };
  CHECK(mismatch(value_and_grad(weighted)(a).second, from_vector(slope), 1e-14) == "");
}
