#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/dense.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Bilinear layer of two inputs,  y_k = sum over i, j of a_i W_kij b_j, plus a bias.
///   a [..., first], b [..., second] with equal leading axes   ->   y [..., outputs]
/// `weight_init` is asked for [first, second outputs]. Penalties are as Dense's.
/// Throws ShapeError, DtypeError for inputs that do not fit, ValueError for a width below 1.
struct Bilinear : Module {
  Bilinear(std::int64_t first, std::int64_t second, std::int64_t outputs,
           const DenseOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& a, const Tensor& b) const;

  Parameter weight, bias;  // [outputs, first, second], [outputs] or undefined
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
