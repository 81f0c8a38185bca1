#pragma once
#include <functional>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Initial values for weights [inputs, outputs].
namespace xtape::nn::init {

using Initializer = std::function<Tensor(const Shape& shape, Dtype dtype, Rng& rng)>;

Initializer zeros();
Initializer constant(double value);

/// stddev times standard normal numbers. Throws ValueError for a negative or infinite stddev.
Initializer normal(double stddev);
/// Numbers from [-limit, limit).
Initializer uniform(double limit);

/// Normal with variance 2 / inputs: keeps the variance of ReLU activations.
/// Source: He et al., Delving Deep into Rectifiers (2015), section 2.2.
Initializer he_normal();

/// Normal, or uniform, with variance 2 / (inputs + outputs).
/// Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
/// networks (2010), section 4.2.
Initializer glorot_normal();
Initializer glorot_uniform();

}  // namespace xtape::nn::init

XTAPE_EXPORT_END
