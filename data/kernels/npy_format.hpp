#pragma once
#include <functional>
#include <string>
#include <string_view>

#include <xtape/core/tensor.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>

namespace xtape::data::kernels {

/// The one array in .npy form that a source holds. Throws IoError, which names the `place`.
Tensor read_npy(const Read& read, const std::string& place);

/// Hands the .npy form of a tensor on, piece by piece.
void write_npy(const Tensor& tensor, const std::function<void(std::string_view)>& write);

}  // namespace xtape::data::kernels
