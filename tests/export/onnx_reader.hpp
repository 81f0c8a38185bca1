#pragma once
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// A reader of Protocol Buffers that knows nothing of the library: the fields of a message, by
/// their numbers, as numbers or bytes.
class WireMessage {
 public:
  explicit WireMessage(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::uint64_t tag = varint(bytes);
      Field field;
      if (tag % 8 == 0) {
        field.number = static_cast<std::int64_t>(varint(bytes));
      } else if (tag % 8 == 5) {
        std::memcpy(&field.real, taken(bytes, 4).data(), 4);
      } else if (tag % 8 == 2) {
        field.bytes = taken(bytes, varint(bytes));
      } else {
        throw std::runtime_error("a wire type that ONNX does not use");
      }
      fields_[tag / 8].push_back(field);
    }
  }

  std::size_t count(std::uint64_t field) const {
    const auto found = fields_.find(field);
    return found == fields_.end() ? 0 : found->second.size();
  }
  std::int64_t number(std::uint64_t field, std::size_t i = 0) const { return at(field, i).number; }
  float real(std::uint64_t field) const { return at(field, 0).real; }
  std::string text(std::uint64_t field, std::size_t i = 0) const {
    return std::string(at(field, i).bytes);
  }
  WireMessage message(std::uint64_t field, std::size_t i = 0) const {
    return WireMessage(at(field, i).bytes);
  }
  std::vector<WireMessage> messages(std::uint64_t field) const {
    std::vector<WireMessage> all;
    for (std::size_t i = 0; i < count(field); ++i) all.push_back(message(field, i));
    return all;
  }
  std::vector<std::int64_t> numbers(std::uint64_t field) const {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < count(field); ++i) all.push_back(number(field, i));
    return all;
  }

 private:
  struct Field {
    std::int64_t number = 0;
    float real = 0;
    std::string_view bytes;
  };
  const Field& at(std::uint64_t field, std::size_t i) const { return fields_.at(field).at(i); }
  static std::string_view taken(std::string_view& bytes, std::uint64_t count) {
    if (count > bytes.size()) throw std::runtime_error("a message that is cut short");
    const std::string_view first = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return first;
  }
  static std::uint64_t varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(taken(bytes, 1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  std::map<std::uint64_t, std::vector<Field>> fields_;
};

/// A file of ONNX: the bytes, and the messages in them.
struct OnnxFile {
  explicit OnnxFile(const std::string& path) : bytes(read(path)), model(bytes) {}

  WireMessage graph() const { return model.message(7); }
  std::vector<std::string> node_types() const {
    std::vector<std::string> types;
    for (const WireMessage& node : graph().messages(1)) types.push_back(node.text(4));
    return types;
  }
  std::vector<std::string> initializers() const {
    std::vector<std::string> names;
    for (const WireMessage& tensor : graph().messages(5)) names.push_back(tensor.text(8));
    return names;
  }
  WireMessage initializer(const std::string& name) const {
    for (const WireMessage& tensor : graph().messages(5))
      if (tensor.text(8) == name) return tensor;
    throw std::runtime_error("no initializer " + name);
  }
  /// Extents of an input (11) or output (12): numbers, or names.
  std::vector<std::string> extents(std::uint64_t field, std::size_t i = 0) const {
    std::vector<std::string> all;
    const WireMessage tensor = graph().message(field, i).message(2).message(1);
    for (const WireMessage& dim : tensor.message(2).messages(1))
      all.push_back(dim.count(2) == 1   ? dim.text(2)
                    : dim.count(1) == 1 ? std::to_string(dim.number(1))
                                        : "?");
    return all;
  }

  std::string bytes;
  WireMessage model;

 private:
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};
