#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/json_reader.hpp>
#include <xtape/data/kernels/safetensors_header.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/kernels/widen.hpp>

namespace xtape::data::kernels {

struct SafetensorsType {
  std::string_view name;
  std::size_t bytes;
  Dtype dtype;
  void (*convert)(const std::byte*, std::endian, const Tensor&, const std::string&);
};

namespace {

void convert_bool(const std::byte* bytes, std::endian order, const Tensor& y,
                  const std::string& place) {
  const auto bad =
      std::find_if(bytes, bytes + y.size(), [](std::byte b) { return b > std::byte{1}; });
  if (bad != bytes + y.size())
    throw IoError(place + ": bools must be 0 or 1; got " +
                  std::to_string(std::to_integer<int>(*bad)));
  convert<std::uint8_t, bool>(bytes, order, y, place);
}

constexpr SafetensorsType types[] = {{"BOOL", 1, Dtype::boolean, convert_bool},
                                     {"I8", 1, Dtype::int64, convert<std::int8_t, std::int64_t>},
                                     {"I16", 2, Dtype::int64, convert<std::int16_t, std::int64_t>},
                                     {"I32", 4, Dtype::int64, convert<std::int32_t, std::int64_t>},
                                     {"I64", 8, Dtype::int64, convert<std::int64_t, std::int64_t>},
                                     {"U8", 1, Dtype::int64, convert<std::uint8_t, std::int64_t>},
                                     {"U16", 2, Dtype::int64, convert<std::uint16_t, std::int64_t>},
                                     {"U32", 4, Dtype::int64, convert<std::uint32_t, std::int64_t>},
                                     {"U64", 8, Dtype::int64, convert<std::uint64_t, std::int64_t>},
                                     {"F16", 2, Dtype::float32, convert<Half, float>},
                                     {"BF16", 2, Dtype::float32, convert<Bfloat16, float>},
                                     {"F32", 4, Dtype::float32, convert<float, float>},
                                     {"F64", 8, Dtype::float64, convert<double, double>}};

constexpr std::size_t length_bytes = 8;
constexpr std::string_view metadata_key = "__metadata__";

std::string_view header_text(std::span<const std::byte> file, const std::string& place) {
  const auto fail = [&](const std::string& what) { throw IoError(place + ": " + what); };
  if (file.size() < length_bytes)
    fail("must begin with the length of a header, 8 bytes; got " + std::to_string(file.size()));
  const auto length = decode<std::uint64_t>(file.data(), std::endian::little);
  if (length > most_header_bytes)
    fail("the header must have at most 100 MB; got " + std::to_string(length) + " bytes");
  if (length > file.size() - length_bytes) {
    fail("the header must have " + std::to_string(length) + " bytes; the file holds " +
         std::to_string(file.size() - length_bytes));
  }
  return {reinterpret_cast<const char*>(file.data()) + length_bytes,
          static_cast<std::size_t>(length)};
}

/// The value of a tensor's key: its type, shape and place, each once, in any order.
SafetensorsEntry read_entry(JsonReader& json, const std::string& name, const std::string& place) {
  SafetensorsEntry entry;
  entry.name = name;
  bool has_shape = false, has_place = false;
  const auto once = [&](bool had) {
    if (had) json.fail("each key once");
  };
  json.object([&](const std::string& key) {
    if (key == "dtype") {
      once(entry.type != nullptr);
      const std::string type = json.string();
      entry.type = std::find_if(std::begin(types), std::end(types),
                                [&](const SafetensorsType& known) { return known.name == type; });
      if (entry.type == std::end(types)) {
        throw IoError(place + ": the dtype must be BOOL, an integer, F16, BF16, F32 or F64; got " +
                      quoted(type));
      }
    } else if (key == "shape") {
      once(std::exchange(has_shape, true));
      json.array([&] {
        if (entry.shape.rank() == max_rank)
          throw IoError(place + ": at most " + std::to_string(max_rank) +
                        " axes are held; got more");
        entry.shape.push_back(json.count());
      });
    } else if (key == "data_offsets") {
      once(std::exchange(has_place, true));
      std::array<std::size_t*, 2> both{&entry.begin, &entry.end};
      std::size_t count = 0;
      json.array([&] {
        if (count == both.size()) json.fail("two offsets");
        *both[count++] = static_cast<std::size_t>(json.count());
      });
      if (count != both.size()) json.fail("two offsets");
    } else {
      json.fail("dtype, shape or data_offsets before");
    }
  });
  if (entry.type == nullptr || !has_shape || !has_place)
    json.fail("dtype, shape and data_offsets of " + quoted(name) + " before");
  return entry;
}

}  // namespace

SafetensorsHeader::SafetensorsHeader(std::span<const std::byte> file, const std::string& place)
    : place_(place) {
  const std::string_view text = header_text(file, place);
  file_offset_ = length_bytes + text.size();
  data_ = file.subspan(file_offset_);
  JsonReader json(text, place);
  if (!text.starts_with('{')) json.fail("'{'");
  std::set<std::string> seen;
  json.object([&](const std::string& key) {
    if (!seen.insert(key).second) json.fail("each name once, not again " + quoted(key) + ",");
    if (key != metadata_key) {
      entries.push_back(read_entry(json, key, place + ": tensor " + quoted(key)));
      return;
    }
    std::set<std::string> keys;
    json.object([&](const std::string& name) {
      if (!keys.insert(name).second) json.fail("each key once");
      metadata.emplace_back(name, json.string());
    });
  });
  if (json.rest().find_first_not_of(' ') != std::string_view::npos)
    json.fail("nothing but spaces behind it");
  check(entries);
}

/// Throws IoError unless each tensor has the bytes that it needs, one behind the other, and nobody
/// others.
void SafetensorsHeader::check(std::span<const SafetensorsEntry> all) const {
  std::vector<const SafetensorsEntry*> order;
  for (const SafetensorsEntry& entry : all) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::size_t expected = 0;
  for (const SafetensorsEntry* entry : order) {
    const auto fail = [&, entry](const std::string& what) {
      throw IoError(place_ + ": tensor " + quoted(entry->name) + ": " + what);
    };
    const std::string bytes =
        "bytes " + std::to_string(entry->begin) + " to " + std::to_string(entry->end);
    if (entry->begin != expected || entry->end < entry->begin)
      fail("the data must begin at byte " + std::to_string(expected) + "; got " + bytes);
    const std::optional<std::size_t> needed = byte_size(entry->shape, entry->type->bytes);
    if (!needed || *needed != entry->end - entry->begin) {
      fail(std::string(entry->type->name) + to_string(entry->shape) + " needs " +
           (needed ? std::to_string(*needed) + " bytes" : "more bytes than there can be") +
           "; got " + bytes);
    }
    if (entry->end > data_.size())
      fail("the file holds " + std::to_string(data_.size()) + " bytes of data; got " + bytes);
    if (*needed > 0 && (file_offset_ + entry->begin) % entry->type->bytes != 0)
      fail("the data must lie at a multiple of " + std::to_string(entry->type->bytes) +
           " bytes of the file; got " + bytes + " from byte " + std::to_string(file_offset_));
    expected = entry->end;
  }
  if (expected != data_.size()) {
    throw IoError(place_ + ": the tensors take " + std::to_string(expected) +
                  " bytes; the file holds " + std::to_string(data_.size()) + " of data");
  }
}

Tensor SafetensorsHeader::read(const SafetensorsEntry& entry) const {
  Tensor y = xtape::detail::make_tensor(entry.shape, entry.type->dtype);
  entry.type->convert(data_.data() + entry.begin, std::endian::little, y,
                      place_ + ": tensor " + quoted(entry.name));
  return y;
}

const Element& SafetensorsHeader::element(const SafetensorsEntry& entry) const {
  return element_named(entry.type->name);
}

int safetensors_rank(Dtype dtype) {
  return dtype == Dtype::int64 ? 0 : dtype == Dtype::float64 ? 1 : dtype == Dtype::float32 ? 2 : 3;
}

const char* safetensors_name(Dtype dtype) {
  constexpr const char* names[] = {"I64", "F64", "F32", "BOOL"};
  return names[safetensors_rank(dtype)];
}

std::string json_quoted(std::string_view text) {
  constexpr std::string_view meant = "\"\\\b\f\n\r\t", names = "\"\\bfnrt",
                             digits = "0123456789abcdef";
  std::string shown = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t i = meant.find(c); i != meant.npos) {
      shown += {'\\', names[i]};
    } else if (byte < 0x20) {
      shown += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15U]};
    } else {
      shown += c;
    }
  }
  return shown + '"';
}

}  // namespace xtape::data::kernels
