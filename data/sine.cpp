#include <cmath>
#include <numbers>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/sine.hpp>

namespace xtape::data {

Dataset sine(std::int64_t samples, Dtype dtype) {
  detail::check_count("sine", "samples", samples);
  detail::check_floating("sine", dtype);
  Tensor x = xtape::detail::make_tensor({samples, 1}, dtype, "sine");
  Tensor y = xtape::detail::make_tensor({samples, 1}, dtype, "sine");
  visit(dtype, [&]<class T>(TypeTag<T>) {
    T *place = x.body().elements<T>(), *height = y.body().elements<T>();
    for (std::int64_t i = 0; i < samples; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(samples);
      *place++ = static_cast<T>(part);
      *height++ = static_cast<T>(std::sin(2 * std::numbers::pi * part));
    }
  });
  return {std::move(x), std::move(y)};
}

}  // namespace xtape::data
