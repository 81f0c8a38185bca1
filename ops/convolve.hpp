#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Which overlaps of two signals of lengths n and m count: all, n + m - 1 of them; as many as the
/// longer has elements, around the middle; those in which the shorter lies within, |n - m| + 1.
enum class Overlap { full, same, valid };

/// The convolution of two signals, along the last axis of both; the other axes broadcast. NumPy's,
/// which has vectors only. Dtypes promote; integers are exact, wrapping beyond int64.
///   full: y_k = sum over i of a_i b_(k - i)
///   da = correlate(g, b),  db = correlate(g, a), of the overlaps that lie on them
/// n m products, as NumPy does it; for two long signals see fftconvolve.
/// Throws ShapeError for a scalar, an empty last axis, or others that do not broadcast, DtypeError
/// for booleans.
[[nodiscard]] Tensor convolve(const Tensor& a, const Tensor& b, Overlap overlap = Overlap::full);

/// The correlation of two signals, along the last axis of both; the other axes broadcast.
///   valid, m <= n: y_k = sum over j of a_(k + j) b_j
///   da = convolve(g, b),  db = correlate(a, g)
/// Throws as convolve.
[[nodiscard]] Tensor correlate(const Tensor& a, const Tensor& b, Overlap overlap = Overlap::valid);

/// The same as convolve by Fourier transforms, in time proportional to (n + m) log(n + m); of
/// integers in float64. An error is of the size of one of the greatest elements, not of its own.
/// Throws as convolve.
[[nodiscard]] Tensor fftconvolve(const Tensor& a, const Tensor& b, Overlap overlap = Overlap::full);

}  // namespace xtape

XTAPE_EXPORT_END
