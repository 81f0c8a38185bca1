#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

using Doubles = std::vector<double>;

/// The elements in order.
inline Doubles values(const xtape::Tensor& x) { return x.detach().to_vector<double>(); }

/// The error that the result of a few operations may have, relative to the greater of 1 and the
/// value: some 16 units in the last place. The one place for it.
constexpr double tolerance_of(xtape::Dtype dtype) {
  return dtype == xtape::Dtype::float32 ? 2e-6 : 4e-15;
}

/// What is wrong with `got`: shape, dtype, or the worst element; empty if nothing is. A tolerance
/// of 0 asks for the same bits (for NaN, for any NaN).
inline std::string mismatch(const xtape::Tensor& got, const xtape::Tensor& expected,
                            double tolerance = 0) {
  if (!got.defined() || !expected.defined()) {
    return got.defined() == expected.defined() ? "" : "one of the two is undefined";
  }
  if (got.shape() != expected.shape() || got.dtype() != expected.dtype()) {
    return "got " + got.describe() + " instead of " + expected.describe();
  }
  const std::vector<double> a = got.detach().to_vector<double>();
  const std::vector<double> b = expected.detach().to_vector<double>();
  double worst = -1;
  std::ostringstream text;
  text.precision(17);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool same = std::bit_cast<std::uint64_t>(a[i]) == std::bit_cast<std::uint64_t>(b[i]);
    if (same || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    double error = a[i] == b[i] ? 0 : std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i]));
    if (std::isnan(error)) error = HUGE_VAL;
    if (error <= worst || (tolerance > 0 && error <= tolerance)) continue;
    worst = error;
    text.str("");
    text << "element " << i << " of " << got.describe() << " is " << a[i] << " instead of " << b[i];
  }
  return text.str();
}

/// Numbers from a range; the same ones for the same seed.
inline xtape::Tensor drawn(const xtape::Shape& shape, double low, double high,
                           std::uint64_t seed = 0) {
  return xtape::Rng(seed).uniform(shape, low, high, xtape::Dtype::float64);
}

/// Different odd multiples of 1/16 around 0, in random order: sums and products of a few of them
/// are exact, whatever the order.
inline xtape::Tensor sixteenths(const xtape::Shape& shape, std::uint64_t seed = 0) {
  std::vector<double> values;
  for (const std::int64_t i :
       xtape::Rng(seed).permutation(shape.size()).to_vector<std::int64_t>()) {
    values.push_back(static_cast<double>(2 * i + 1 - shape.size() / 2 * 2) / 16);
  }
  return xtape::from_vector(std::move(values), shape);
}
