#include <algorithm>
#include <cmath>
#include <limits>

#include <xtape/ops/kernels/lapack.hpp>
#include <xtape/ops/kernels/lapack/decompositions.hpp>
#include <xtape/ops/kernels/lapack/factors.hpp>

namespace xtape::kernels {
namespace {

/// Calls f with the factors of each matrix in turn.
template <class T, class F>
void each_determinant(std::int64_t count, std::int64_t n, const T* a, F&& f) {
  const Scratch<T> triangles(product(n, n));
  const Scratch<int> pivots(static_cast<std::size_t>(n));
  Factors<T> factors(n, triangles.data(), pivots.data());
  for (std::int64_t i = 0; i < count; ++i) {
    factors.factorise(a + i * n * n);
    f(i, factors);
  }
}

/// The greatest sum of sizes along a row.
template <class T>
T greatest_row(const T* a, std::int64_t n) {
  T greatest = 0;
  for (std::int64_t row = 0; row < n; ++row) {
    T sum = 0;
    for (std::int64_t column = 0; column < n; ++column) sum += std::abs(a[row * n + column]);
    greatest = std::max(greatest, sum);
  }
  return greatest;
}

/// The product of all s [n] but s_i.
template <class T>
ScaledProduct<T> product_of_others(const T* s, std::int64_t n, std::int64_t i) {
  ScaledProduct<T> all;
  for (std::int64_t j = 0; j < n; ++j) {
    if (j != i) all.multiply(s[j]);
  }
  return all;
}

/// The cofactors of matrices [n, n], one after another.
template <class T>
class Cofactors {
 public:
  explicit Cofactors(std::int64_t n)
      : n_(n),
        decompose_(n, n, true),
        wide_(product(n, n)),
        inverse_(product(n, n)),
        u_(product(n, n)),
        vh_(product(n, n)),
        s_(static_cast<std::size_t>(n)),
        pivots_(static_cast<std::size_t>(n)) {}

  void operator()(const T* a, T* y) const {
    if (by_inverse(a, y)) return;
    if (std::all_of(a, a + n_ * n_, [](T x) { return std::isfinite(x); }) && by_values(a, y))
      return;
    std::fill_n(y, n_ * n_, std::numeric_limits<T>::quiet_NaN());
  }

 private:
  /// det a⁻ᵀ, where the inverse has most of its digits; of float32 in double, which has more of
  /// them.
  bool by_inverse(const T* a, T* y) const {
    Factors<double> factors(n_, wide_.data(), pivots_.data());
    std::copy_n(a, n_ * n_, wide_.data());
    const double size = greatest_row(wide_.data(), n_);
    if (factors.factorise() >= 0) return false;
    const ScaledProduct<double> determinant = determinant_of(factors);
    factors.invert();
    const double condition = size * greatest_row(wide_.data(), n_);
    if (!(condition < 1 / std::cbrt(std::numeric_limits<double>::epsilon()))) return false;
    const double whole = determinant.value();
    const bool in_range = std::isnormal(whole);
    for (std::int64_t row = 0; row < n_; ++row) {
      for (std::int64_t column = 0; column < n_; ++column) {
        const double inverse = wide_[column * n_ + row];
        y[row * n_ + column] =
            static_cast<T>(in_range ? whole * inverse : determinant.times(inverse));
      }
    }
    return true;
  }

  /// det(u) det(v) u p vᵀ, p the products of all singular values but one: nothing is divided by.
  bool by_values(const T* a, T* y) const {
    if (!decompose_(a, u_.data(), s_.data(), vh_.data())) return false;
    const T sign = orientation(u_.data()) * orientation(vh_.data());
    // Relative to the greatest product, which may be beyond the range of numbers: all but the
    // smallest value.
    const std::int64_t greatest = n_ == 0 ? 0 : product_of_others(s_.data(), n_, n_ - 1).exponent();
    for (std::int64_t row = 0; row < n_; ++row) {
      const T others = sign * product_of_others(s_.data(), n_, row).value_over(greatest);
      for (std::int64_t column = 0; column < n_; ++column) vh_[row * n_ + column] *= others;
    }
    const int n = static_cast<int>(n_);
    Lapack<T>::gemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, T(1), u_.data(), n,
                    vh_.data(), n, T(0), y, n);
    for (std::int64_t i = 0; i < n_ * n_; ++i) y[i] = ScaledProduct<T>::scaled(y[i], greatest);
    return true;
  }

  /// The determinant of an orthogonal matrix: 1 or -1.
  T orientation(const T* a) const {
    Factors<T> factors(n_, inverse_.data(), pivots_.data());
    factors.factorise(a);
    return std::copysign(T(1), determinant_of(factors).value());
  }

  std::int64_t n_;
  SingularValues<T> decompose_;
  Scratch<double> wide_;
  Scratch<T> inverse_, u_, vh_, s_;
  Scratch<int> pivots_;
};

/// y_ij = the product of all s but s_i and s_j; 0 on the diagonal.
template <class T>
void products_without_two(std::int64_t count, std::int64_t n, const T* s, T* y) {
  const Scratch<T> others(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < count * n; ++i, y += n) {
    const std::int64_t row = i % n;
    std::copy_n(s + i - row, n, others.data());
    others[row] = 1;
    for (std::int64_t column = 0; column < n; ++column)
      y[column] = column == row ? T(0) : product_of_others(others.data(), n, column).value();
  }
}

}  // namespace

void sign_and_log_of_determinant(Dtype dtype, std::int64_t count, std::int64_t n,
                                 const std::byte* a, std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    each_determinant(count, n, numbers<T>(a), [&](std::int64_t i, const Factors<T>& factors) {
      T sign = 1;
      double log = 0;
      factors.each_factor([&](T factor) {
        sign *= factor > 0 ? T(1) : factor < 0 ? T(-1) : factor;
        log += std::log(std::abs(static_cast<double>(factor)));
      });
      numbers<T>(y)[2 * i] = sign;
      numbers<T>(y)[2 * i + 1] = static_cast<T>(log);
    });
  });
}

void determinant(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                 std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    each_determinant(count, n, numbers<T>(a), [&](std::int64_t i, const Factors<T>& factors) {
      numbers<T>(y)[i] = determinant_of(factors).value();
    });
  });
}

void cofactors(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a, std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    const Cofactors<T> of_one(n);
    for (std::int64_t i = 0; i < count; ++i)
      of_one(numbers<T>(a) + i * n * n, numbers<T>(y) + i * n * n);
  });
}

void products_without_two(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* s,
                          std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    products_without_two(count, n, numbers<T>(s), numbers<T>(y));
  });
}

}  // namespace xtape::kernels
