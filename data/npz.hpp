#pragma once
#include <string>

#include <xtape/core/tensor.hpp>

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

}  // namespace xtape::data
