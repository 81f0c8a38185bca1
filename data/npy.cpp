#include <variant>

#include <xtape/core/error.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/npy_format.hpp>
#include <xtape/data/npy.hpp>
#include <xtape/data/output_file.hpp>

namespace xtape::data {

Tensor load_npy(const std::string& path) {
  InputFile file(path);
  return kernels::read_npy(
      [&](std::byte* bytes, std::size_t count) { return file.read(bytes, count); }, path);
}

Tensor load_npy(const std::string& path, Dtype dtype) {
  Tensor tensor = load_npy(path);
  if (tensor.dtype() == dtype) return tensor;
  throw DtypeError(path + ": must hold an array of " + std::string(to_string(dtype)) + "; got " +
                   tensor.describe());
}

PackedIntegers load_packed_npy(const std::string& path) {
  InputFile file(path);
  const auto array = kernels::read_npy_integers(
      [&](std::byte* bytes, std::size_t count) { return file.read(bytes, count); }, path);
  if (const auto* tensor = std::get_if<Tensor>(&array)) return PackedIntegers(*tensor);
  const auto& [bytes, width, is_signed, shape] = std::get<kernels::NpyIntegers>(array);
  return {bytes, width, is_signed, shape};
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const Tensor value = tensor.detach();  // refuses an undefined one before there is a file
  OutputFile file(path);
  kernels::write_npy(value, [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
}

}  // namespace xtape::data
