#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/init.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct DenseOptions {
  double weight_l1 = 0;  ///< factors of the penalties, see Module::regularization_loss
  double weight_l2 = 0;
  double bias_l1 = 0;
  double bias_l2 = 0;
  bool bias = true;
  init::Initializer weight_init = init::glorot_uniform();
  init::Initializer bias_init = init::zeros();
  Dtype dtype = default_dtype();
};

/// Fully connected layer  y = x W + b, or without b.
///   x [..., inputs]   ->   y [..., outputs], in the dtype of the parameters
/// Throws ShapeError, DtypeError for inputs that do not fit, ValueError for a width below 1.
struct Dense : Module {
  Dense(std::int64_t inputs, std::int64_t outputs, const DenseOptions& options = {},
        Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
  /// The same with another weight in the place of its own.
  Tensor with_weight(const Tensor& other, const Tensor& x) const;

  Parameter weight, bias;  // [inputs, outputs], [outputs] or undefined
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
