#include <xtape/ops/kernels/maxima.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// Without a branch, so that it becomes vector code. NaN is above all numbers, the first of them stays.
template <std::int64_t known_step, class T, class Place>
void take_greater(const RowMaxima<T, Place>& of) {
  const Place step = known_step > 0 ? Place{known_step} : of.step;
  for (std::int64_t row = 0; row < of.rows; ++row) {
    const Place start = of.at + static_cast<Place>(row) * of.row_step;
    const T* x = of.x + start;
    T* greatest = of.greatest + row * of.row;
    Place* places = of.places + row * of.row;
    for (std::int64_t i = 0; i < of.n; ++i) {
      const T value = x[i * step], best = greatest[i];
      const Place place = start + static_cast<Place>(i) * step;
      const bool above = (value > best) | ((value != value) & (best == best)) | (places[i] < 0);
      greatest[i] = above ? value : best;
      places[i] = above ? place : places[i];
    }
  }
}

template <class T, class Place>
void maxima(const RowMaxima<T, Place>& of) {
  if (of.step == 1) return take_greater<1>(of);
  if (of.step == 2) return take_greater<2>(of);
  take_greater<0>(of);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const MaximaKernels& compiled<MaximaKernels, Level::XTAPE_LEVEL>() {
  static constexpr MaximaKernels table{maxima<float, std::int32_t>, maxima<float, std::int64_t>,
                                       maxima<double, std::int64_t>};
  return table;
}

}  // namespace xtape::kernels
