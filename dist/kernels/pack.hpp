#pragma once
#include <cstdint>

/// The loops over the elements of what is sent.
namespace xtape::dist::kernels {

/// y = w x,  y += w x,  y = x / by
void put(float* y, const float* x, std::int64_t n, double w);
void put(double* y, const double* x, std::int64_t n, double w);
void add(float* y, const float* x, std::int64_t n, double w);
void add(double* y, const double* x, std::int64_t n, double w);
void divide(float* y, const float* x, std::int64_t n, double by);
void divide(double* y, const double* x, std::int64_t n, double by);

/// The nearest bfloat16, the upper half of a float32; of two, the even one. NaN stays.
void narrow(std::uint16_t* y, const float* x, std::int64_t n);
void widen(float* y, const std::uint16_t* x, std::int64_t n);
/// y += x, each sum rounded.
void add_narrow(std::uint16_t* y, const std::uint16_t* x, std::int64_t n);

/// y = the least, or greatest, of x and y; NaN if either is; of zeros the least is -0. So the order
/// does not matter.
template <class T, bool least>
void choose(T* y, const T* x, std::int64_t n);
extern template void choose<float, true>(float* y, const float* x, std::int64_t n);
extern template void choose<float, false>(float* y, const float* x, std::int64_t n);
extern template void choose<double, true>(double* y, const double* x, std::int64_t n);
extern template void choose<double, false>(double* y, const double* x, std::int64_t n);

}  // namespace xtape::dist::kernels
