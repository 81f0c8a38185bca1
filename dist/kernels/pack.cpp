#include <bit>
#include <cmath>
#include <limits>

#include <xtape/core/wraps.hpp>
#include <xtape/dist/kernels/pack.hpp>

namespace xtape::dist::kernels {
namespace {

template <class T>
void put_all(T* y, const T* x, std::int64_t n, double w) {
  const T factor = static_cast<T>(w);
  for (std::int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}

template <class T>
void add_all(T* y, const T* x, std::int64_t n, double w) {
  const T factor = static_cast<T>(w);
  for (std::int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

template <class T>
void divide_all(T* y, const T* x, std::int64_t n, double by) {
  const T divisor = static_cast<T>(by);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] / divisor;
}

XTAPE_WRAPS inline std::uint16_t narrowed(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t half = 0x7fff + (bits >> 16 & 1);
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  const std::uint32_t rounded = nan ? bits | 0x400000 : bits + half;
  return static_cast<std::uint16_t>(rounded >> 16);
}

inline float widened(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

}  // namespace

void put(float* y, const float* x, std::int64_t n, double w) { put_all(y, x, n, w); }
void put(double* y, const double* x, std::int64_t n, double w) { put_all(y, x, n, w); }
void add(float* y, const float* x, std::int64_t n, double w) { add_all(y, x, n, w); }
void add(double* y, const double* x, std::int64_t n, double w) { add_all(y, x, n, w); }
void divide(float* y, const float* x, std::int64_t n, double by) { divide_all(y, x, n, by); }
void divide(double* y, const double* x, std::int64_t n, double by) { divide_all(y, x, n, by); }

void narrow(std::uint16_t* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = narrowed(x[i]);
}

void widen(float* y, const std::uint16_t* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = widened(x[i]);
}

void add_narrow(std::uint16_t* y, const std::uint16_t* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = narrowed(widened(y[i]) + widened(x[i]));
}

template <class T, bool least>
void choose(T* y, const T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const bool better = x[i] == y[i] ? std::signbit(x[i]) == least : (x[i] < y[i]) == least;
    if (std::isnan(x[i]) || std::isnan(y[i]))
      y[i] = std::numeric_limits<T>::quiet_NaN();
    else if (better)
      y[i] = x[i];
  }
}
template void choose<float, true>(float* y, const float* x, std::int64_t n);
template void choose<float, false>(float* y, const float* x, std::int64_t n);
template void choose<double, true>(double* y, const double* x, std::int64_t n);
template void choose<double, false>(double* y, const double* x, std::int64_t n);

}  // namespace xtape::dist::kernels
