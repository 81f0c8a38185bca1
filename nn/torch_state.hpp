#pragma once
#include <xtape/config.hpp>
#include <xtape/core/state.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

/// PyTorch's names and layouts, for weights that travel to Python and back:
/// ```
/// data::save_safetensors("model.safetensors", nn::torch::state(model));
/// nn::torch::restore(model, data::load_safetensors("model.safetensors"));
/// ```
/// and there `safetensors.torch.load_model(model, "model.safetensors")` and `save_model`, or
/// `load_file` and `load_state_dict`.
namespace xtape::nn::torch {

/// The state of a module as PyTorch has that of the same model: by the names there, weights of
/// Dense transposed, without what it does not keep, such as the streams of Dropout. Which entries
/// those are, and which names differ (those of WeightNorm and SpectralNorm), the layers say
/// themselves (see `Module::torch_layouts`, `Module::torch_names`), and a layer of one's own may
/// too. Later training does not change these tensors.
NamedTensors state(const Module& model);

/// Takes up such a state. What PyTorch does not keep stays as it is. Returns what was left out,
/// nothing if strict. Throws as `Module::restore`, with shapes as PyTorch has them, and nothing
/// changed.
LeftOut restore(const Module& model, const NamedTensors& state, const RestoreOptions& options = {});

}  // namespace xtape::nn::torch

XTAPE_EXPORT_END
