#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/convolution.hpp>
#include <xtape/ops/sort.hpp>

XTAPE_EXPORT_BEGIN

/// Windows over images [n, c, in...] of 1 to 3 axes, each channel by itself; floating dtypes, any
/// order of derivative. All throw ShapeError for another rank or a window larger than the padded
/// image, ValueError for options out of range, DtypeError for integers.
namespace xtape {

struct MaxPoolOptions {
  PerAxis stride = {};     ///< from window to window; unless given, the window itself
  PerAxis padding = 0;     ///< nothing around the image, at most half a window
  PerAxis dilation = 1;    ///< from tap to tap
  bool ceil_mode = false;  ///< also windows that reach beyond the end but begin before it
};

/// The greatest element of each window; NaN if there is one.   dx = g at that element, the first
/// among equals
[[nodiscard]] Tensor max_pool(const Tensor& x, const PerAxis& window,
                              const MaxPoolOptions& options = {});
/// And where in its channel it lies, counted in row-major order.
[[nodiscard]] ValuesAndIndices max_pool_with_indices(const Tensor& x, const PerAxis& window,
                                                     const MaxPoolOptions& options = {});

struct AveragePoolOptions {
  PerAxis stride = {};
  PerAxis padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< zeros around the image count as elements
};

/// The mean of each window.   dx = g over the number of elements, added to each of them
[[nodiscard]] Tensor average_pool(const Tensor& x, const PerAxis& window,
                                  const AveragePoolOptions& options = {});

/// The same of windows that part each axis into `size`: the i-th from i in / size, rounded down, to
/// (i + 1) in / size, rounded up. A size of 1 takes all.
[[nodiscard]] Tensor adaptive_max_pool(const Tensor& x, const PerAxis& size);
[[nodiscard]] Tensor adaptive_average_pool(const Tensor& x, const PerAxis& size);

}  // namespace xtape

XTAPE_EXPORT_END
