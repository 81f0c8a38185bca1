#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// y[i] = f(x_0[i step_0], x_1[i step_1], ...) for i < n. A step is 1, or 0 for an operand of one
/// value, which then stands at x_k often enough to fill a register.
using BlockFunction = void (*)(std::byte* y, const std::byte* const* x, const std::int64_t* step,
                               std::int64_t n);

}  // namespace xtape::detail

XTAPE_EXPORT_END
