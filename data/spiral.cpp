#include <cmath>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/spiral.hpp>

// Compiled with -ffp-contract=off: a product and a sum fused into one operation round differently
// from NumPy's.

namespace xtape::data {

Dataset spiral(std::int64_t samples_per_class, std::int64_t classes, Rng& rng, Dtype dtype) {
  detail::check_count("spiral", "samples_per_class", samples_per_class);
  detail::check_count("spiral", "classes", classes);
  detail::check_floating("spiral", dtype);
  const std::int64_t rows = Shape{classes, samples_per_class}.size();
  std::vector<double> points;
  std::vector<std::int64_t> labels;
  const Tensor radius = linspace(0, 1, samples_per_class, Dtype::float64);
  for (std::int64_t label = 0; label < classes; ++label) {
    const double start = 4.0 * static_cast<double>(label);
    const Tensor angle = linspace(start, start + 4, samples_per_class, Dtype::float64);
    for (std::size_t i = 0; i < static_cast<std::size_t>(samples_per_class); ++i) {
      const double r = radius.data<double>()[i];
      const double t = angle.data<double>()[i] + rng.normal() * 0.2;
      points.push_back(r * std::sin(t * 2.5));
      points.push_back(r * std::cos(t * 2.5));
      labels.push_back(label);
    }
  }
  return {from_vector(std::move(points), {rows, 2}).to(dtype), from_vector(std::move(labels))};
}

}  // namespace xtape::data
