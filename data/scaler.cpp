#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/scaler.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::data {
namespace {

/// Training data as a constant of float64, and the extremes of its features.
struct Sample {
  Tensor x;
  Axes axes;  // over which a feature extends
  Tensor low, high, constant;

  Sample(const Tensor& data, ScalerOptions options)
      : x(data.detach().to(Dtype::float64).contiguous()),
        axes(options.per_feature ? Axes(0) : Axes()) {
    if (options.per_feature && x.rank() == 0) {
      throw ShapeError("scaler: training data must have rows; got " + data.describe());
    }
    if (x.size() == 0) {
      throw ValueError("scaler: training data must have elements; got " + data.describe());
    }
    check_finite();
    low = amin(x, axes);
    high = amax(x, axes);
    // Eight roundings, each by half a unit in the last place, move one value by 4 eps of it at
    // most, and so two of them apart by 8 eps.
    constexpr double rounding = 8 * std::numeric_limits<double>::epsilon();
    constant = high - low <= rounding * greatest();
  }

  Tensor greatest() const { return maximum(-low, high); }

  void check_finite() const {
    const auto values = x.data<double>();
    const auto wrong = std::find_if_not(values.begin(), values.end(),
                                        [](double value) { return std::isfinite(value); });
    if (wrong == values.end()) return;
    const std::int64_t columns = x.rank() == 0 ? 1 : x.size() / x.extent(0);
    const std::int64_t place = wrong - values.begin();
    throw ValueError("scaler: training data must be finite; got " + xtape::detail::text(*wrong) +
                     " in row " + std::to_string(place / columns) + ", column " +
                     std::to_string(place % columns));
  }
};

/// The power of two below each element: to divide by it rounds nothing.
Tensor power_of_two(const Tensor& x) {
  std::vector<double> powers = x.to_vector<double>();
  for (double& power : powers) power = std::ldexp(1, std::ilogb(power));
  return from_vector(std::move(powers), x.shape());
}

/// The first element for which a test holds, else null.
template <class F>
const double* first(const Tensor& x, F&& test) {
  const auto values = x.data<double>();
  const auto found = std::find_if(values.begin(), values.end(), test);
  return found == values.end() ? nullptr : &*found;
}

}  // namespace

Scaler::Scaler(const Tensor& center, const Tensor& scale)
    : center_(center.contiguous()), scale_(scale.contiguous()) {
  const double* wrong = first(center_, [](double c) { return !std::isfinite(c); });
  if (wrong == nullptr) {
    wrong = first(scale_, [](double s) { return !std::isfinite(s) || s == 0; });
  }
  if (wrong != nullptr) {
    throw ValueError("scaler: center and scale must be finite, and scale not 0; got " +
                     xtape::detail::text(*wrong));
  }
}

Scaler Scaler::max_abs(const Tensor& x, ScalerOptions options) {
  const Sample sample(x, options);
  const Tensor greatest = sample.greatest();
  return {zeros_like(greatest), where(greatest == 0, 1, greatest)};
}

Scaler Scaler::min_max(const Tensor& x, double low, double high, ScalerOptions options) {
  if (!std::isfinite(low) || !std::isfinite(high) || low >= high) {
    throw ValueError("scaler: low must be less than high, and both finite; got " +
                     xtape::detail::text(low) + " and " + xtape::detail::text(high));
  }
  const Sample sample(x, options);
  const Tensor scale = where(sample.constant, 1, (sample.high - sample.low) / (high - low));
  const Tensor from_low = sample.low - low * scale;
  if (std::abs(low) <= std::abs(high)) return {from_low, scale};
  // The bound nearer to 0 comes out best, 0 itself exactly.
  return {where(sample.constant, from_low, sample.high - high * scale), scale};
}

Scaler Scaler::standard(const Tensor& x, ScalerOptions options) {
  const Sample sample(x, options);
  // From low on, in units of about the range, no sum or square overflows, and no square vanishes.
  const Tensor unit = power_of_two(where(sample.constant, 1, sample.high - sample.low));
  const Tensor above_low = mean((sample.x - sample.low) / unit, sample.axes) * unit;
  const Tensor center = sample.low + where(sample.constant, 0, above_low);
  const Tensor deviation = sqrt(mean(square((sample.x - center) / unit), sample.axes)) * unit;
  return {center, where(sample.constant, 1, deviation)};
}

Scaler Scaler::fixed(double center, double scale) {
  return {tensor(center, Dtype::float64), tensor(scale, Dtype::float64)};
}

Scaler Scaler::fixed(const Tensor& center, const Tensor& scale) {
  if (center.shape() != scale.shape()) {
    throw ShapeError("scaler: center and scale must have the same shape; got " + center.describe() +
                     " and " + scale.describe());
  }
  if (center.dtype() == Dtype::boolean || scale.dtype() == Dtype::boolean) {
    throw DtypeError("scaler: center and scale must be numbers; got " + center.describe() +
                     " and " + scale.describe());
  }
  return {center.detach().to(Dtype::float64), scale.detach().to(Dtype::float64)};
}

void Scaler::check_features(const Tensor& x) const {
  const Shape& features = center_.shape();
  if (x.rank() >= features.rank() &&
      std::equal(features.begin(), features.end(), x.shape().end() - features.rank())) {
    return;
  }
  throw ShapeError("scaler: " +
                   (features.rank() == 1 ? std::to_string(features[0]) + " features"
                                         : "features " + to_string(features)) +
                   " were fitted; got " + x.describe());
}

Tensor Scaler::operator()(const Tensor& x) const {
  check_features(x);
  const Tensor y = (x.to(Dtype::float64) - center_) / scale_;
  return is_floating(x.dtype()) ? y.to(x.dtype()) : y;
}

Tensor Scaler::inverse(const Tensor& y) const {
  check_features(y);
  const Tensor x = y.to(Dtype::float64) * scale_ + center_;
  return is_floating(y.dtype()) ? x.to(y.dtype()) : x;
}

void Scaler::save(const std::string& path) const {
  save_npz(path, {{"center", center_}, {"scale", scale_}});
}

Scaler Scaler::load(const std::string& path) {
  const Tensor center = load_npz(path, "center"), scale = load_npz(path, "scale");
  try {
    return fixed(center, scale);
  } catch (const Error& error) {
    throw IoError(path + ": " + error.what());
  }
}

}  // namespace xtape::data
