#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// Neighbouring places of a row: from where in x, and how many.
struct PlaceRun {
  std::int64_t x, count;
};

/// The products of what taps meet with what places have: w[t][o] += sum over places p of g[p][o]
/// x[offsets[t] + p], and over images, `x_image` apart in x, outputs in registers. Rows of g and w
/// have `row` numbers, a multiple of a register's.
template <class T>
struct PlaceProducts {
  const T* x;
  const std::int64_t* offsets;
  std::int64_t taps;
  bool in_threes;        ///< taps are a multiple of three, of which each three lie side by side
  const T* g;            ///< [images, places of all runs, row]
  const PlaceRun* runs;  ///< of an image; none with more than `places_together`
  std::int64_t run_count;
  std::int64_t images, x_image;
  std::int64_t row;
  double* w;  ///< [taps, row]
};

/// The other sums of the same products: y[p][o] = sum over t of w[t][o] x[offsets[t] + p], for the
/// places of all runs, one behind the other in y. Behind each run up to `most_at_a_time` places more
/// are read and written, in y also behind the last.
template <class T>
struct PlaceSums {
  const T* x;
  const std::int64_t* offsets;
  std::int64_t taps;
  const T* w;  ///< [taps, row]
  const PlaceRun* runs;
  std::int64_t run_count;
  std::int64_t row;
  T* y;  ///< [places of all runs, row]
};
constexpr std::int64_t most_at_a_time = 12;

/// So many products are added up in a register; more, in w or y.
constexpr std::int64_t places_together = 128;
/// So many taps are summed up at a time, or parts of as many.
constexpr std::int64_t taps_at_a_time = 24;

struct PlaceKernels {
  std::int64_t width_float32, width_float64;  ///< numbers in a register
  /// Places that are summed up for a run of so many: some of them behind its end.
  std::int64_t (*summed)(std::int64_t places);
  void (*sums_float32)(const PlaceSums<float>& of);
  void (*sums_float64)(const PlaceSums<double>& of);
  void (*products_float32)(const PlaceProducts<float>& of);
  void (*products_float64)(const PlaceProducts<double>& of);
};

}  // namespace xtape::kernels
