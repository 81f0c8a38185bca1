#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// One period of the sine, for regression.
///   x [samples, 1], x_i = i / samples   y [samples, 1], y_i = sin(2 pi x_i)   both of `dtype`
/// Throws ValueError for a count below 1, DtypeError unless floating.
/// Source: sine_data of the Python package nnfs 0.5.1, which goes with Kinsley and Kukiela, Neural
/// Networks from Scratch (2020), chapter 17. float32 values are the float64 ones rounded.
Dataset sine(std::int64_t samples, Dtype dtype = default_dtype());

}  // namespace xtape::data

XTAPE_EXPORT_END
