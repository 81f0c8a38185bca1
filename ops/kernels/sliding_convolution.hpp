#pragma once
#include <xtape/ops/kernels/convolution.hpp>

/// Convolutions as sums of shifted rows, see sliding.hpp, with a padded copy of an image or of a
/// few as workspace. What lies beyond an image takes part as zeros: all must be finite.
namespace xtape::kernels {

/// Whether most of what a row holds are results.
bool slides(const ConvolutionShape& shape);
bool all_finite(const float* x, std::int64_t count);
bool all_finite(const double* x, std::int64_t count);

template <class T>
void slide_result(const ConvolutionShape& shape, const T* data, const T* weights, T* result);
template <class T>
void slide_data(const ConvolutionShape& shape, const T* weights, const T* result, T* data);
template <class T>
void slide_weights(const ConvolutionShape& shape, const T* data, const T* result, T* weights);

/// Whether each channel has a window of its own, which slides element by element; then these are
/// faster.
bool is_depthwise(const ConvolutionShape& shape);
template <class T>
void depthwise_result(const ConvolutionShape& shape, const T* data, const T* weights, T* result);
template <class T>
void depthwise_data(const ConvolutionShape& shape, const T* weights, const T* result, T* data);
template <class T>
void depthwise_weights(const ConvolutionShape& shape, const T* data, const T* result, T* weights);

}  // namespace xtape::kernels
