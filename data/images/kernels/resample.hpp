#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace xtape::data::kernels {

/// x [outer, from, inner] with another number of places along the middle axis, each the mean of the
/// old ones in its window, weighted by a triangle. What is not finite shows where its windows are,
/// and nowhere else.
///   -> [outer, to, inner]
template <class T>
std::vector<T> resampled(std::span<const T> x, std::size_t from, std::size_t to, std::size_t inner);

extern template std::vector<float> resampled(std::span<const float>, std::size_t, std::size_t,
                                             std::size_t);
extern template std::vector<double> resampled(std::span<const double>, std::size_t, std::size_t,
                                              std::size_t);

}  // namespace xtape::data::kernels
