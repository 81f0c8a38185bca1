#pragma once
#include <cstdint>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// Key and call of a dropout, int64 [2].
Tensor dropout_stream(std::uint64_t key, std::uint64_t call);
/// The stream as it is; its tensor goes on to the next call. Of a part of a batch behind them its
/// first row and how many it has, int64 [4].
Tensor next_in_stream(const Tensor& stream);
/// `dropout` by a stream.
Tensor dropout(const Tensor& x, double rate, const Tensor& stream);

}  // namespace xtape::detail
