#pragma once
#include <bit>
#include <cstddef>
#include <string>
#include <string_view>

#include <xtape/core/dtype.hpp>

// Numbers as they lie in files, and how they get into tensors a row at a time.

namespace xtape::data::kernels {

/// A type of numbers in a file.
struct Element {
  std::string_view name;
  std::string_view short_name;  // that of safetensors
  std::size_t bytes;
  Dtype dtype;  // which holds all its numbers
};

/// The one of a name of either kind; there must be one.
const Element& element_named(std::string_view name);
/// The one that a tensor has.
const Element& element_of(Dtype dtype);

/// Numbers become (number - center) / scale, in float64, rounded once.
struct Affine {
  bool plain() const { return center == 0 && scale == 1; }

  double center = 0, scale = 1;
};

/// Puts `count` numbers of a file into elements of a tensor, which begin at `to`. Returns how many
/// could be, those before the first that the tensor's dtype does not hold: integers exactly unless
/// they are scaled, floating numbers but for rounding; a boolean must be 0 or 1, scaled or not.
using CopyElements = std::size_t (*)(const std::byte* from, std::endian order, std::size_t count,
                                     std::byte* to, const Affine& affine);

/// How numbers of a type get into a dtype; null where they do not: booleans are made of booleans
/// alone, integers not of floating numbers.
CopyElements copy_elements(const Element& from, Dtype to);

/// A number of a file, for messages.
std::string element_text(const Element& type, const std::byte* from, std::endian order);

}  // namespace xtape::data::kernels
