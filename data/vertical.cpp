#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/vertical.hpp>

// Compiled with -ffp-contract=off: a product and a sum fused into one operation round differently
// from NumPy's.

namespace xtape::data {

Dataset vertical(std::int64_t samples_per_class, std::int64_t classes, Rng& rng, Dtype dtype) {
  detail::check_count("vertical", "samples_per_class", samples_per_class);
  detail::check_count("vertical", "classes", classes);
  detail::check_floating("vertical", dtype);
  const std::int64_t rows = Shape{classes, samples_per_class}.size();
  Tensor x = xtape::detail::make_tensor({rows, 2}, dtype, "vertical");
  Tensor y = xtape::detail::make_tensor({rows}, Dtype::int64, "vertical");
  visit(dtype, [&]<class T>(TypeTag<T>) {
    T* point = x.body().elements<T>();
    auto* labels = y.body().elements<std::int64_t>();
    constexpr double middle = 0.5;
    for (std::int64_t label = 0; label < classes; ++label) {
      const Tensor across = rng.randn({samples_per_class}, Dtype::float64);
      const Tensor upwards = rng.randn({samples_per_class}, Dtype::float64);
      for (std::size_t i = 0; i < static_cast<std::size_t>(samples_per_class); ++i) {
        *point++ = static_cast<T>(across.data<double>()[i] * 0.1 + static_cast<double>(label) / 3);
        *point++ = static_cast<T>(upwards.data<double>()[i] * 0.1 + middle);
        *labels++ = label;
      }
    }
  });
  return {std::move(x), std::move(y)};
}

}  // namespace xtape::data
