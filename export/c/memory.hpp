#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/dtype.hpp>

namespace xtape::exporting {

/// Room in an array that is shared by what is not needed at the same time.
struct CBuffer {
  Dtype dtype{};
  std::int64_t size = 0;
  int first = 0, last = 0;  // the steps that it is needed from and to
  std::int64_t place = 0;   // where it begins in the array of its dtype
};

/// Places the buffers, the largest first, each as far in front as those that are needed with it let
/// it. Returns the length of the array of a dtype.
std::int64_t place_buffers(std::vector<CBuffer>& buffers, Dtype dtype);

}  // namespace xtape::exporting
