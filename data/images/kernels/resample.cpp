#include <algorithm>
#include <cmath>

#include <xtape/data/images/kernels/resample.hpp>

namespace xtape::data::kernels {
namespace {

/// The old places that a new one is made of, one behind the other, and their weights, which are
/// positive.
struct Window {
  std::size_t first;
  std::vector<double> weights;
};

std::vector<Window> windows(std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(step, 1.0);
  std::vector<Window> all(to);
  for (std::size_t i = 0; i < to; ++i) {
    const double place = (static_cast<double>(i) + 0.5) * step;
    auto k = static_cast<std::size_t>(std::max(std::floor(place - 0.5 - reach), 0.0));
    double total = 0;
    for (; k < from; ++k) {
      const double weight = 1 - std::abs(place - (static_cast<double>(k) + 0.5)) / reach;
      if (weight > 0) {
        if (all[i].weights.empty()) all[i].first = k;
        all[i].weights.push_back(weight);
        total += weight;
      } else if (total > 0) {
        break;
      }
    }
    for (double& weight : all[i].weights) weight /= total;
  }
  return all;
}

}  // namespace

template <class T>
std::vector<T> resampled(std::span<const T> x, std::size_t from, std::size_t to,
                         std::size_t inner) {
  const std::size_t outer = x.size() / from / inner;
  const std::vector<Window> of = windows(from, to);
  std::vector<T> y(outer * to * inner);
  std::vector<double> sums(inner);
  T* result = y.data();
  for (std::size_t o = 0; o < outer; ++o) {
    for (const Window& window : of) {
      const T* row = &x[(o * from + window.first) * inner];
      std::ranges::fill(sums, 0.0);
      for (const double weight : window.weights) {
        for (std::size_t i = 0; i < inner; ++i) sums[i] += weight * static_cast<double>(row[i]);
        row += inner;
      }
      for (const double sum : sums) *result++ = static_cast<T>(sum);
    }
  }
  return y;
}

template std::vector<float> resampled(std::span<const float>, std::size_t, std::size_t,
                                      std::size_t);
template std::vector<double> resampled(std::span<const double>, std::size_t, std::size_t,
                                       std::size_t);

}  // namespace xtape::data::kernels
