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

/// The arrays in an .npz archive of NumPy's, in its order, by the names that NumPy gives them:
/// those of the members without ".npy". The elements are those of `load_npy`.
/// Throws IoError, naming the file and the member, if the archive cannot be read or is damaged, has
/// a member that is no .npy file, encrypted, of another compression than deflate, or there twice.
/// Source of the form: NumPy, numpy.savez; PKWARE, .ZIP File Format Specification.
NamedTensors load_npz(const std::string& path);
/// One of them. Throws IoError if there is none of that name.
Tensor load_npz(const std::string& path, const std::string& name);

struct NpzOptions {
  bool compress = false;
};

/// Writes an archive, which appears whole or not at all (see `OutputFile`). The same tensors give
/// the same bytes.
/// Throws IoError, naming the file; ValueError for a name that is there twice, has a NUL character,
/// or more than 65000 characters, and for arrays of 4 GiB and more in all, which `save_npy` takes.
void save_npz(const std::string& path, const NamedTensors& tensors, const NpzOptions& options = {});

/// Arrays and texts of one file: an .npz archive in which a text "NAME" is the member "NAME.txt",
/// which NumPy gives as bytes, and `unzip -p` prints.
struct Archive {
  NamedTensors tensors;
  std::vector<NamedText> texts;
};

/// Throws as `load_npz` and `save_npz`, which take no texts.
Archive load_archive(const std::string& path);
void save_archive(const std::string& path, const Archive& archive, const NpzOptions& options = {});

/// Writes a state: `save_npz("model.npz", model)`.
template <Stateful T>
void save_npz(const std::string& path, const T& object, const NpzOptions& options = {}) {
  save_npz(path, object.state(), options);
}

/// Takes up the state in an archive, as `object.restore` does: `load_npz("model.npz", model)`.
/// Throws what reading and restoring throw, with nothing changed.
template <Stateful T>
auto load_npz(const std::string& path, T& object) {
  const NamedTensors state = load_npz(path);
  const ErrorContext in(path);
  return object.restore(state);
}
template <Stateful T>
auto load_npz(const std::string& path, T& object, const RestoreOptions& options) {
  const NamedTensors state = load_npz(path);
  const ErrorContext in(path);
  return object.restore(state, options);
}

}  // namespace xtape::data

XTAPE_EXPORT_END
