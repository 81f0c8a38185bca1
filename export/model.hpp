#pragma once
#include <concepts>
#include <type_traits>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A module, or an AnyModule, that is a function of one tensor.
template <class Model>
concept ExportableModel = std::convertible_to<const Model&, const nn::Module&> &&
    std::is_invocable_r_v<Tensor, const Model&, const Tensor&>;

}  // namespace xtape

XTAPE_EXPORT_END
