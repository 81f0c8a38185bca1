#pragma once
#include <xtape/core/tensor.hpp>
#include <xtape/data/loader.hpp>

namespace xtape::data::detail {

/// A batch of the samples of these rows, int64 [n], made with nothing recorded, one behind the
/// other.
template <class Batch>
Batch stacked(const SampleFunction<Batch>& sample, const Tensor& rows);

}  // namespace xtape::data::detail
