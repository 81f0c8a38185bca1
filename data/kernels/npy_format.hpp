#pragma once
#include <bit>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/element.hpp>

namespace xtape::data::kernels {

/// The one array in .npy form that a source holds. Throws IoError, which names the `place`.
Tensor read_npy(const Read& read, const std::string& place);

/// What lies behind a header, with the last axis the fastest.
struct NpyLayout {
  std::string describe() const { return std::string(element->name) + to_string(shape); }

  const Element* element;
  std::endian order;
  Shape shape;
  std::size_t bytes;
};

/// Reads a header. Throws IoError, which names the `place`, also where the first axis runs fastest.
NpyLayout read_npy_layout(const Read& read, const std::string& place);

/// Integers as they lie in a source, but for the order of their bytes.
struct NpyIntegers {
  std::vector<std::byte> bytes;
  std::size_t width;  // of a number
  bool is_signed;
  Shape shape;
};

/// The same of an array of integers: as it lies there if those are of four bytes at most, and the
/// last axis runs fastest; else a tensor.
std::variant<NpyIntegers, Tensor> read_npy_integers(const Read& read, const std::string& place);

/// Hands the .npy form of a tensor on, piece by piece.
void write_npy(const Tensor& tensor, const std::function<void(std::string_view)>& write);

}  // namespace xtape::data::kernels
