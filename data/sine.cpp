#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/sine.hpp>

namespace xtape::data {

Dataset sine(std::int64_t samples, Dtype dtype) {
  detail::check_count("sine", "samples", samples);
  detail::check_floating("sine", dtype);
  std::vector<double> x, y;
  for (std::int64_t i = 0; i < samples; ++i) {
    x.push_back(static_cast<double>(i) / static_cast<double>(samples));
    y.push_back(std::sin(2 * std::numbers::pi * x.back()));
  }
  return {from_vector(std::move(x), {samples, 1}).to(dtype),
          from_vector(std::move(y), {samples, 1}).to(dtype)};
}

}  // namespace xtape::data
