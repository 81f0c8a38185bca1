#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// A mask has a bit for each element, in blocks of 16 rows of 32: row r, column c is bit r of word
/// c.
constexpr std::int64_t elements_of_block = 512, words_of_block = 32;

struct MaskKernels {
  /// y = x with each of the n elements 0 with probability threshold / 2^16, the others times
  /// `scale`; which ones is a function of key, call and place, where x begins with a block of that
  /// number. Fills the words of all blocks.
  void (*dropout_float32)(const float* x, float* y, std::int64_t n, std::int32_t threshold,
                          float scale, std::uint64_t key, std::uint64_t call, std::int64_t first,
                          std::uint16_t* words);
  void (*dropout_float64)(const double* x, double* y, std::int64_t n, std::int32_t threshold,
                          double scale, std::uint64_t key, std::uint64_t call, std::int64_t first,
                          std::uint16_t* words);
  /// The same with a mask that is there.
  void (*mask_float32)(const float* x, float* y, std::int64_t n, float scale,
                       const std::uint16_t* words);
  void (*mask_float64)(const double* x, double* y, std::int64_t n, double scale,
                       const std::uint16_t* words);
};

}  // namespace xtape::kernels
