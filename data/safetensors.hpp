#pragma once
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/stateful.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// The tensors in a .safetensors file, as Python's `safetensors` and the model hubs write them, in
/// the order of its header: bool, int64, float32 and float64 as they are, float16 and bfloat16 in
/// float32, other integers in int64.
/// The file is looked at as it lies on the disk, and memory is taken for what it holds, not for
/// what it claims; a file that is cut short by another program meanwhile ends this one, as the
/// system does it.
/// Throws IoError, naming the file and the tensor, if it cannot be read, or does not keep to the
/// form to the letter: so for a name or a key that is there twice, or is no UTF-8; bytes between
/// tensors, behind them, or in two of them; tensors that do not lie at a multiple of their
/// elements' size; a bool other than 0 and 1; and for elements of another dtype, more than 8 axes,
/// or a uint64 that int64 does not hold. Source of the form: Hugging Face, safetensors, "Format".
NamedTensors load_safetensors(const std::string& path);

/// What else the header says, "__metadata__", in its order. Throws as `load_safetensors`.
std::vector<NamedText> load_safetensors_metadata(const std::string& path);

/// Writes tensors, and texts as metadata, to a file that appears whole or not at all (see
/// `OutputFile`), to the byte the one that Python's `safetensors` writes: int64 first, then
/// float64, float32 and bool, and by name.
/// Throws IoError, naming the file; ValueError for a name that is there twice, is "__metadata__" or
/// no UTF-8, and for a header of more than 100 MB.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::vector<NamedText>& metadata = {});

/// Writes a state: `save_safetensors("model.safetensors", model)`. With PyTorch's names and layouts
/// it is `save_safetensors("model.safetensors", nn::torch::state(model))`.
template <Stateful T>
void save_safetensors(const std::string& path, const T& object) {
  save_safetensors(path, object.state());
}

/// Takes up the state in a file, as `object.restore` does. Throws what reading and restoring throw,
/// with nothing changed.
template <Stateful T>
auto load_safetensors(const std::string& path, T& object, const RestoreOptions& options = {}) {
  const NamedTensors state = load_safetensors(path);
  const ErrorContext in(path);
  return object.restore(state, options);
}

}  // namespace xtape::data

XTAPE_EXPORT_END
