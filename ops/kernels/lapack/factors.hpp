#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <xtape/ops/kernels/elimination.hpp>
#include <xtape/ops/kernels/lapack/fortran.hpp>

namespace xtape::kernels {

/// The transpose of a matrix as lower times upper triangle, rows exchanged; read row by row, a
/// itself as lower times upper triangle, of which the upper one has the ones.
template <class T>
class Factors {
 public:
  /// In memory of n² numbers and n pivots.
  Factors(std::int64_t n, T* triangles, int* pivots)
      : n_(static_cast<int>(n)), triangles_(triangles), pivots_(pivots) {}

  /// Of what lies in that memory. The row of the first pivot that is 0; -1 if there is none.
  std::int64_t factorise() {
    if (is_small()) return eliminate().factorise(n_, triangles_, pivots_) - 1;
    int info = 0;
    Lapack<T>::getrf(&n_, &n_, triangles_, &n_, pivots_, &info);
    return info - 1;
  }
  std::int64_t factorise(const T* a) {
    std::copy_n(a, product(n_, n_), triangles_);
    return factorise();
  }

  /// Rows x [n, k] of the equations a x = rows, or aᵀ x = rows, in place.
  void solve(T* rows, std::int64_t count, bool transposed) const {
    const int k = static_cast<int>(count);
    if (k == 1 && !is_small()) {
      int info = 0;
      Lapack<T>::getrs(transposed ? "N" : "T", &n_, &k, triangles_, &n_, pivots_, rows, &n_, &info,
                       1);
      return;
    }
    for (int i = 0; transposed && i < n_; ++i) exchange(rows, k, i);
    if (is_small()) {
      eliminate().solve(n_, triangles_, rows, k, transposed);
    } else if (transposed) {
      triangle(CblasUpper, CblasTrans, CblasUnit, rows, k);
      triangle(CblasLower, CblasTrans, CblasNonUnit, rows, k);
    } else {
      triangle(CblasLower, CblasNoTrans, CblasNonUnit, rows, k);
      triangle(CblasUpper, CblasNoTrans, CblasUnit, rows, k);
    }
    for (int i = n_; !transposed && i-- > 0;) exchange(rows, k, i);
  }

  /// The inverse of a, in place of the factors.
  void invert() {
    if (is_small()) {
      T inverse[most_small];
      std::fill_n(inverse, product(n_, n_), T(0));
      for (std::int64_t i = 0; i < n_; ++i) inverse[i * n_ + i] = 1;
      solve(inverse, n_, false);
      std::copy_n(inverse, product(n_, n_), triangles_);
      return;
    }
    int info = 0, size = -1;
    T wanted = 0;
    Lapack<T>::getri(&n_, triangles_, &n_, pivots_, &wanted, &size, &info);
    size = work_size(wanted);
    const Scratch<T> work(static_cast<std::size_t>(size));
    Lapack<T>::getri(&n_, triangles_, &n_, pivots_, work.data(), &size, &info);
  }

  /// Calls f with the factors of the determinant: the pivots, and -1 for each exchange.
  template <class F>
  void each_factor(F&& f) const {
    for (std::int64_t i = 0; i < n_; ++i) {
      f(triangles_[i * n_ + i]);
      if (pivots_[i] != i + 1) f(T(-1));
    }
  }

 private:
  static constexpr std::size_t most_small =
      product(EliminationKernels<T>::most, EliminationKernels<T>::most);
  bool is_small() const { return n_ <= EliminationKernels<T>::most; }
  static const EliminationKernels<T>& eliminate() { return chosen<EliminationKernels<T>>(); }

  void triangle(CBLAS_UPLO which, CBLAS_TRANSPOSE transposed, CBLAS_DIAG ones, T* rows,
                int k) const {
    Lapack<T>::trsm(CblasRowMajor, CblasLeft, which, transposed, ones, n_, k, T(1), triangles_, n_,
                    rows, k);
  }
  void exchange(T* rows, std::int64_t k, std::int64_t i) const {
    const std::int64_t other = pivots_[i] - 1;
    if (other != i) std::swap_ranges(rows + i * k, rows + (i + 1) * k, rows + other * k);
  }

  int n_;
  T* triangles_;
  int* pivots_;
};

/// A product whose parts may be out of the range of T where the whole is not: powers of 2 apart.
template <class T>
class ScaledProduct {
 public:
  void multiply(T factor) {
    int power = 0, power_of_product = 0;
    fraction_ = std::frexp(fraction_ * std::frexp(factor, &power), &power_of_product);
    exponent_ += std::int64_t{power} + power_of_product;
  }
  void multiply(const ScaledProduct& other) {
    multiply(other.fraction_);
    exponent_ += other.exponent_;
  }
  T times(T x) const {
    ScaledProduct all = *this;
    all.multiply(x);
    return all.value();
  }
  T value() const { return scaled(fraction_, exponent_); }
  /// The whole by 2^exponent.
  T value_over(std::int64_t exponent) const { return scaled(fraction_, exponent_ - exponent); }
  /// Of the power of 2 that is apart; the least one for 0.
  std::int64_t exponent() const { return fraction_ == 0 ? INT64_MIN / 2 : exponent_; }
  static T scaled(T x, std::int64_t exponent) {
    return std::ldexp(x, static_cast<int>(std::clamp<std::int64_t>(exponent, -100'000, 100'000)));
  }

 private:
  T fraction_ = 1;
  std::int64_t exponent_ = 0;
};

template <class T>
ScaledProduct<T> determinant_of(const Factors<T>& factors) {
  ScaledProduct<T> all;
  factors.each_factor([&](T factor) { all.multiply(factor); });
  return all;
}

}  // namespace xtape::kernels
