#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// What stands before a formula where its operands do not lie as it reads them.
struct GatherKernels {
  /// `n` elements, `stride` apart, one behind the other, converted to a dtype but boolean.
  void (*run)(std::byte* to, Dtype compute, const std::byte* from, Dtype dtype, std::int64_t stride,
              std::int64_t n);
  /// y = results[a + 2 b], a formula of two truth values by what it yields for each pair.
  void (*truths)(const bool* a, const bool* b, bool* y, std::int64_t n, const bool (&results)[4]);
  /// y = indices into an extent, counted from the front; whether all lie within it.
  bool (*from_front)(const std::int64_t* indices, std::int64_t extent, std::int64_t* y,
                     std::int64_t n);
};

/// Those for this processor.
inline const GatherKernels& gather_kernels() { return chosen<GatherKernels>(); }

}  // namespace xtape::kernels
