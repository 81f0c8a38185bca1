#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/data/kernels/element.hpp>

namespace xtape::data::kernels {

constexpr std::size_t most_header_bytes = 100'000'000;  // that the form allows

struct SafetensorsType;

/// A tensor of a file, whose bytes are known to be there and of its shape and type.
struct SafetensorsEntry {
  std::string name;
  const SafetensorsType* type = nullptr;
  Shape shape;
  std::size_t begin = 0, end = 0;  // of its bytes, from the end of the header
};

/// What a file in safetensors form says: the header, checked against all that lies behind it.
struct SafetensorsHeader {
  /// Of all the bytes of a file. Throws IoError, which names the `place`.
  SafetensorsHeader(std::span<const std::byte> file, const std::string& place);

  /// The tensor of an entry. Throws IoError for elements that it cannot hold.
  Tensor read(const SafetensorsEntry& entry) const;

  /// Where in the file its bytes begin, and what they are.
  std::size_t place_of(const SafetensorsEntry& entry) const { return file_offset_ + entry.begin; }
  const Element& element(const SafetensorsEntry& entry) const;

  std::vector<SafetensorsEntry> entries;
  std::vector<std::pair<std::string, std::string>> metadata;

 private:
  void check(std::span<const SafetensorsEntry> entries) const;

  std::string place_;
  std::size_t file_offset_ = 0;  // where the data begin
  std::span<const std::byte> data_;
};

/// The name of a tensor's dtype in the form, and the order in which it is written.
const char* safetensors_name(Dtype dtype);
int safetensors_rank(Dtype dtype);

/// A text in quotes, as JSON has it.
std::string json_quoted(std::string_view text);

}  // namespace xtape::data::kernels
