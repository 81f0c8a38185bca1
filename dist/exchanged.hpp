#pragma once
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/nn/module.hpp>

/// Checks of what ranks exchange.
namespace xtape::dist {

class World;

namespace detail {

/// Names, shapes and dtypes of a model's parameters and buffers.
std::vector<std::string> lines_of(const nn::Module& model);
/// Throws ValueError on all ranks if a list of lines differs, naming the first difference.
void require_same(const char* op, const World& world, const std::vector<std::string>& lines);
/// The loss; of no samples none: a mean over none is no number. Throws ValueError for samples that
/// are negative or not finite, and for samples without a loss.
Tensor checked_loss(const char* op, const Tensor& loss, double samples);

}  // namespace detail
}  // namespace xtape::dist
