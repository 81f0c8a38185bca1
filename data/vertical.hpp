#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Clouds of points in the plane, one a class, side by side: upright lines separate them, nearly.
///   x [classes * samples_per_class, 2], of `dtype`   y int64 [classes * samples_per_class]
/// The points of class c are normal around (c / 3, 0.5) with deviation 0.1. They are drawn class by
/// class, first coordinates before second ones.
/// Throws ValueError for a count below 1, DtypeError unless floating.
/// Source: vertical_data of the Python package nnfs 0.5.1, which goes with Kinsley and Kukiela,
/// Neural Networks from Scratch (2020), chapter 6. The same seed gives NumPy's values, float32 ones
/// rounded from float64.
Dataset vertical(std::int64_t samples_per_class, std::int64_t classes, Rng& rng = default_rng(),
                 Dtype dtype = default_dtype());

}  // namespace xtape::data

XTAPE_EXPORT_END
