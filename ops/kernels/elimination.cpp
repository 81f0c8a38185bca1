#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/ops/kernels/elimination.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t most = EliminationKernels<float>::most;

/// Rows of n numbers in whole registers, 0 behind them.
template <class T>
class Rows {
 public:
  static constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);

  explicit Rows(std::int64_t n) : registers((n + width - 1) / width), n_(n) {}

  T* operator[](std::int64_t row) { return numbers_ + row * registers * width; }
  void load(std::int64_t row, const T* from) {
    T* const to = (*this)[row];
    std::int64_t i = 0;
    for (; i + width <= n_; i += width) Lane<T>::load(from + i).store(to + i);
    if (i < n_) Lane<T>::load_first(from + i, n_ - i).store(to + i);
  }
  void store(std::int64_t row, T* to) {
    const T* const from = (*this)[row];
    std::int64_t i = 0;
    for (; i + width <= n_; i += width) Lane<T>::load(from + i).store(to + i);
    if (i < n_) Lane<T>::load(from + i).store_first(to + i, n_ - i);
  }

  const std::int64_t registers;

 private:
  std::int64_t n_;
  alignas(64) T numbers_[most * most];
};

/// The place of the greatest size in x [first, last), the first of equal ones; NaN is the greatest.
/// Every element is looked at twice: a branch on the greater of two would be foreseen by nobody.
template <class T>
std::int64_t pivot_place(const T* x, std::int64_t first, std::int64_t last) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits all_but_sign = std::numeric_limits<Bits>::max() >> 1;
  const auto size = [x](std::int64_t i) { return std::bit_cast<Bits>(x[i]) & all_but_sign; };
  Bits greatest = 0;
  for (std::int64_t i = first; i < last; ++i) greatest = std::max(greatest, size(i));
  std::int64_t place = first;
  for (std::int64_t i = last - 1; i >= first; --i) place = size(i) == greatest ? i : place;
  return place;
}

template <class T>
int factorise(int n, T* matrix, int* pivots) {
  constexpr auto width = Rows<T>::width;
  Rows<T> rows(n);
  T places[most];
  for (std::int64_t i = 0; i < most; ++i) places[i] = static_cast<T>(i);
  for (std::int64_t i = 0; i < n; ++i) rows.load(i, matrix + i * n);
  int first_zero = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    T* const row = rows[j];
    const std::int64_t pivot_at = pivot_place(row, j, n);
    pivots[j] = static_cast<int>(pivot_at) + 1;
    if (pivot_at != j) {
      for (std::int64_t i = 0; i < n; ++i) std::swap(rows[i][j], rows[i][pivot_at]);
    }
    const T pivot = row[j];
    if (pivot == 0) {
      if (first_zero == 0) first_zero = static_cast<int>(j) + 1;
      continue;
    }
    for (std::int64_t r = (j + 1) / width * width; r < rows.registers * width; r += width) {
      const Mask<T> behind = Lane<T>(static_cast<T>(j)) < Lane<T>::load(places + r);
      const auto here = Lane<T>::load(row + r);
      const auto quotient = where(behind, here / Lane<T>(pivot), here);
      quotient.store(row + r);
      for (std::int64_t i = j + 1; i < n; ++i) {
        T* const other = rows[i];
        const auto before = Lane<T>::load(other + r);
        where(behind, fma(-Lane<T>(other[j]), quotient, before), before).store(other + r);
      }
    }
  }
  for (std::int64_t i = 0; i < n; ++i) rows.store(i, matrix + i * n);
  return first_zero;
}

template <class T>
void solve(int n, const T* triangles, T* given, int k, bool transposed) {
  constexpr auto width = Rows<T>::width;
  const std::int64_t down = transposed ? 1 : n, along = transposed ? n : 1;
  for (std::int64_t first = 0; first < k; first += most) {
    Rows<T> rows(std::min(most, k - first));
    for (std::int64_t i = 0; i < n; ++i) rows.load(i, given + i * k + first);
    const auto subtract = [&](std::int64_t j, std::int64_t from, std::int64_t to, bool divided) {
      T* const x = rows[j];
      for (std::int64_t r = 0; r < rows.registers * width; r += width) {
        auto known = Lane<T>::load(x + r);
        if (divided) {
          known = known / Lane<T>(triangles[j * n + j]);
          known.store(x + r);
        }
        for (std::int64_t i = from; i < to; ++i) {
          T* const other = rows[i] + r;
          const Lane<T> factor = triangles[i * down + j * along];
          fma(-factor, known, Lane<T>::load(other)).store(other);
        }
      }
    };
    for (std::int64_t j = 0; j < n; ++j) subtract(j, j + 1, n, !transposed);
    for (std::int64_t j = n; j-- > 0;) subtract(j, 0, j, transposed);
    for (std::int64_t i = 0; i < n; ++i) rows.store(i, given + i * k + first);
  }
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const EliminationKernels<float>& compiled<EliminationKernels<float>, Level::XTAPE_LEVEL>() {
  static constexpr EliminationKernels<float> table{factorise<float>, solve<float>};
  return table;
}
template <>
const EliminationKernels<double>& compiled<EliminationKernels<double>, Level::XTAPE_LEVEL>() {
  static constexpr EliminationKernels<double> table{factorise<double>, solve<double>};
  return table;
}

}  // namespace xtape::kernels
