#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Points in the plane on spiral arms, one arm a class, which no straight line separates.
///   x [classes * samples_per_class, 2], of `dtype`   y int64 [classes * samples_per_class]
/// Point i of n in class c lies at (r sin(2.5 t), r cos(2.5 t)), where r = linspace(0, 1, n)[i] and
/// t = linspace(4 c, 4 (c + 1), n)[i] + 0.2 randn. The noise is drawn class by class.
/// Throws ValueError for a count below 1, DtypeError unless floating.
/// Source: Kinsley and Kukiela, Neural Networks from Scratch (2020), chapter 3, after Karpathy's
/// CS231n. The same seed gives NumPy's values, float32 ones rounded from float64.
Dataset spiral(std::int64_t samples_per_class, std::int64_t classes, Rng& rng = default_rng(),
               Dtype dtype = default_dtype());

}  // namespace xtape::data

XTAPE_EXPORT_END
