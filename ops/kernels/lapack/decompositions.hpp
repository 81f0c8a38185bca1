#pragma once
#include <algorithm>
#include <cstdint>

#include <xtape/ops/kernels/lapack/fortran.hpp>

namespace xtape::kernels {

/// One singular value decomposition after another, of matrices [m, n]: u [m, k], s [k], vh [k, n].
/// As Fortran sees it aᵀ = vhᵀ s uᵀ, so that nothing is transposed.
template <class T>
class SingularValues {
 public:
  SingularValues(std::int64_t m, std::int64_t n, bool vectors)
      : m_(static_cast<int>(m)),
        n_(static_cast<int>(n)),
        k_(std::min(m_, n_)),
        job_(vectors ? "S" : "N"),
        matrix_(product(m, n)),
        integers_(product(8, k_)),
        size_(wanted()),
        work_(static_cast<std::size_t>(size_)) {}

  /// Whether the iteration has converged.
  bool operator()(const T* a, T* u, T* s, T* vh) const {
    std::copy_n(a, matrix_.size(), matrix_.data());
    int info = 0;
    Lapack<T>::gesdd(job_, &n_, &m_, matrix_.data(), &n_, s, vh, &n_, u, &k_, work_.data(), &size_,
                     integers_.data(), &info, 1);
    return info == 0;
  }

 private:
  int wanted() const {
    int info = 0;
    const int ask = -1;
    T size = 0;
    Lapack<T>::gesdd(job_, &n_, &m_, nullptr, &n_, nullptr, nullptr, &n_, nullptr, &k_, &size, &ask,
                     integers_.data(), &info, 1);
    return work_size(size);
  }

  int m_, n_, k_;
  const char* job_;
  Scratch<T> matrix_;
  Scratch<int> integers_;
  int size_;
  Scratch<T> work_;
};

}  // namespace xtape::kernels
