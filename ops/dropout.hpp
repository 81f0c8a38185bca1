#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// x with each element replaced by 0 with probability `rate`, the others divided by 1 - rate. Which
/// ones is a function of `key`, `call` and the element's place alone: the same mask again needs no
/// memory. The rate is rounded to 2^-16, below 1 to less than 1.
///   dx = dropout(g, rate, key, call)
/// rate 0 is the identity; rate 1 gives zeros, for infinite inputs too. Throws ValueError unless 0
/// <= rate <= 1, DtypeError unless x is floating.
/// Source: masks by Philox4x32-10, Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3
/// (2011).
[[nodiscard]] Tensor dropout(const Tensor& x, double rate, std::uint64_t key, std::uint64_t call);

}  // namespace xtape

XTAPE_EXPORT_END
