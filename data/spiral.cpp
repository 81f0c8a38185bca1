#include <cmath>
#include <utility>

#include <xtape/core/body.hpp>
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
  Tensor x = xtape::detail::make_tensor({rows, 2}, dtype, "spiral");
  Tensor y = xtape::detail::make_tensor({rows}, Dtype::int64, "spiral");
  const Tensor radius = linspace(0, 1, samples_per_class, Dtype::float64);
  visit(dtype, [&]<class T>(TypeTag<T>) {
    T* point = x.body().elements<T>();
    auto* labels = y.body().elements<std::int64_t>();
    for (std::int64_t label = 0; label < classes; ++label) {
      const double start = 4.0 * static_cast<double>(label);
      const Tensor angle = linspace(start, start + 4, samples_per_class, Dtype::float64);
      for (std::size_t i = 0; i < static_cast<std::size_t>(samples_per_class); ++i) {
        const double r = radius.data<double>()[i];
        const double t = angle.data<double>()[i] + rng.normal() * 0.2;
        *point++ = static_cast<T>(r * std::sin(t * 2.5));
        *point++ = static_cast<T>(r * std::cos(t * 2.5));
        *labels++ = label;
      }
    }
  });
  return {std::move(x), std::move(y)};
}

}  // namespace xtape::data
