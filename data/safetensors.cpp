#include <algorithm>
#include <set>
#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/data/kernels/safetensors_header.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/utf8.hpp>
#include <xtape/data/mapped_file.hpp>
#include <xtape/data/output_file.hpp>
#include <xtape/data/safetensors.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

using kernels::json_quoted;
using kernels::quoted;

std::size_t bytes_of(const Tensor& tensor) {
  return static_cast<std::size_t>(tensor.size()) * size_of(tensor.dtype());
}

void check_text(const std::string& path, const char* what, const std::string& text) {
  if (!kernels::is_utf8(text))
    throw ValueError(path + ": " + what + " must be UTF-8; got " + quoted(text));
}

void check_names(const std::string& path, const char* what, const auto& named) {
  std::set<std::string> seen;
  for (const auto& [name, value] : named) {
    check_text(path, what, name);
    if (!seen.insert(name).second)
      throw ValueError(path + ": " + what + " must differ; got " + quoted(name) + " twice");
  }
}

/// The values, in the order in which they are written: larger elements first, so that all lie where
/// they should.
NamedTensors in_order(const NamedTensors& tensors) {
  NamedTensors values;
  for (const auto& [name, tensor] : tensors)
    values.emplace_back(name, tensor.detach().contiguous());
  std::sort(values.begin(), values.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return std::pair(kernels::safetensors_rank(a.second.dtype()), std::string_view(a.first)) <
           std::pair(kernels::safetensors_rank(b.second.dtype()), std::string_view(b.first));
  });
  return values;
}

std::string header_of(const NamedTensors& values, const std::vector<NamedText>& metadata) {
  std::string text;
  const auto begin_item = [&](const std::string& name) {
    text += (text.empty() || text.ends_with('{') ? "" : ",") + json_quoted(name) + ":";
  };
  if (!metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto& [name, value] : metadata) begin_item(name), text += json_quoted(value);
    text += "}";
  }
  std::size_t place = 0;
  for (const auto& [name, value] : values) {
    begin_item(name);
    text +=
        std::string("{\"dtype\":\"") + kernels::safetensors_name(value.dtype()) + "\",\"shape\":[";
    for (int axis = 0; axis < value.rank(); ++axis)
      text += (axis > 0 ? "," : "") + std::to_string(value.extent(axis));
    const std::size_t end = place + bytes_of(value);
    text += "],\"data_offsets\":[" + std::to_string(place) + "," + std::to_string(end) + "]}";
    place = end;
  }
  text = "{" + text + "}";
  constexpr std::size_t alignment = 8;
  text.resize((text.size() + alignment - 1) / alignment * alignment, ' ');
  return text;
}

}  // namespace

NamedTensors load_safetensors(const std::string& path) {
  const MappedFile file(path);
  const kernels::SafetensorsHeader header(file.bytes(), path);
  NamedTensors tensors;
  for (const auto& entry : header.entries) tensors.emplace_back(entry.name, header.read(entry));
  return tensors;
}

std::vector<NamedText> load_safetensors_metadata(const std::string& path) {
  const MappedFile file(path);
  return kernels::SafetensorsHeader(file.bytes(), path).metadata;
}

void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::vector<NamedText>& metadata) {
  check_names(path, "names of tensors", tensors);
  check_names(path, "names of metadata", metadata);
  for (const auto& [name, text] : metadata) check_text(path, "metadata", text);
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined())
      throw ValueError(path + ": tensors must be defined; got none for " + quoted(name));
    if (name == "__metadata__")
      throw ValueError(path + ": a tensor cannot be named \"__metadata__\"");
  }
  const NamedTensors values = in_order(tensors);
  const std::string header = header_of(values, metadata);
  if (header.size() > kernels::most_header_bytes)
    throw ValueError(path + ": the header must have at most 100 MB; got " +
                     std::to_string(header.size()) + " bytes");
  OutputFile file(path);
  std::string length;
  for (std::size_t i = 0, rest = header.size(); i < sizeof(std::uint64_t); ++i, rest >>= 8)
    length += static_cast<char>(rest & 0xFFU);
  file.write(length + header);
  for (const auto& [name, value] : values)
    file.write({reinterpret_cast<const char*>(value.body().data), bytes_of(value)});
  file.commit();
}

}  // namespace xtape::data
