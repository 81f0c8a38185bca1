#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/ops/kernels/windows.hpp>

/// The three products of a convolution, of dense tensors of one floating dtype:
///   data [images, groups * inputs, in...]   weights [groups * outputs, inputs, kernel...]
///   result [images, groups * outputs, out...]
/// result = the sum over inputs and taps of data times weights; the others are what that sends
/// back.
namespace xtape::kernels {

struct ConvolutionShape {
  Windows windows;
  std::int64_t images, groups;
  std::int64_t inputs, outputs;  ///< channels of a group
  /// A number for each channel of the result, of its dtype, that convolution_result adds.
  const std::byte* bias = nullptr;
};

void convolution_result(Dtype dtype, const ConvolutionShape& shape, const std::byte* data,
                        const std::byte* weights, std::byte* result);
void convolution_data(Dtype dtype, const ConvolutionShape& shape, const std::byte* weights,
                      const std::byte* result, std::byte* data);
void convolution_weights(Dtype dtype, const ConvolutionShape& shape, const std::byte* data,
                         const std::byte* result, std::byte* weights);

/// What each tap meets at each place, 0 beyond the ends: [channels, in...] to [channels, taps,
/// places]; and the transpose of that, which adds up.
void unfold(Dtype dtype, const Windows& windows, std::int64_t channels, const std::byte* image,
            std::byte* columns);
void fold(Dtype dtype, const Windows& windows, std::int64_t channels, const std::byte* columns,
          std::byte* image);

}  // namespace xtape::kernels
