#pragma once
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// Scales the gradients of all parameters by one factor, so that their norm, sqrt(sum g²) over all
/// elements, is at most max_norm. Returns the norm before. Parameters without a gradient are passed
/// over. Gradients that somebody else holds stay as they were; the parameter gets a new one.
/// Throws, with nothing changed, ValueError for a norm that is not finite, a max_norm that is
/// negative or NaN, an undefined parameter or one given twice; GradError for one that is no leaf.
/// Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks
/// (2013), algorithm 1.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

/// Clips each element of the gradients of all parameters to [-limit, limit]; NaN stays. Throws as
/// clip_grad_norm, but for infinite and NaN elements.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

/// Multiplies the gradients of all parameters by a factor. Throws as clip_grad_norm, but for
/// infinite and NaN elements; ValueError for a factor that is not finite.
void scale_grad(const std::vector<Tensor>& parameters, double factor);

}  // namespace xtape::optim

XTAPE_EXPORT_END
