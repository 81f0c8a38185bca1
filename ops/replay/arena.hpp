#pragma once
#include <cstddef>
#include <vector>

namespace xtape::detail {

/// Bytes that are needed from one time to another, both included.
struct Lifetime {
  std::size_t bytes, first, last;
};

/// Where they may lie in one block of memory, so that those needed at one time do not meet.
struct Arrangement {
  std::vector<std::size_t> offsets;  // multiples of 64
  std::size_t bytes = 0;             // of the block
};

/// In as short a block as a rule of thumb finds: mostly no longer than what is needed at one time.
Arrangement arrange(const std::vector<Lifetime>& lifetimes);

}  // namespace xtape::detail
