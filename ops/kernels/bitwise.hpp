#pragma once
#include <xtape/ops/kernels/map.hpp>

/// Formulas of two int64.
namespace xtape::kernels {

extern const MapKernel common_bits, all_bits, different_bits, bits_up, bits_down;

}  // namespace xtape::kernels
