#pragma once
#include <cstdint>

#include <xtape/core/state.hpp>

/// Numbers that tell data from others. Tensors must be contiguous.
namespace xtape::data::detail {

/// By all of their bytes.
std::int64_t fingerprint_of_all(const NamedTensors& data);

/// By 1 MiB of each tensor at most, spread over it, for data that may be as large as a disk; 0 for
/// none. A column of a table shows, a single element need not.
std::int64_t fingerprint_of_some(const NamedTensors& data);

}  // namespace xtape::data::detail
