#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/data/block_reader.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/file_dataset.hpp>
#include <xtape/data/kernels/safetensors_header.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/open_blocks.hpp>
#include <xtape/data/unzip.hpp>

namespace xtape::data {
namespace {

using detail::FileBlock;
using detail::FileColumn;
using kernels::quoted;
using File = std::shared_ptr<const MappedFile>;

/// A part of an array: rows that lie one behind another in a file, or in a packed member of one.
struct Segment {
  std::string place;  // for messages
  const kernels::Element* element;
  std::endian order;
  Shape shape;
  File file;
  std::size_t offset;  // of the first number in the file, or in the member
  bool packed = false;
  std::string member = {};
  std::int64_t first_row = 0;

  std::int64_t rows() const { return shape[0]; }
  Shape row() const {
    const std::vector<std::int64_t> extents(shape.begin() + 1, shape.end());
    return Shape(extents);
  }
  std::size_t row_bytes() const { return static_cast<std::size_t>(row().size()) * element->bytes; }
  std::string describe() const { return std::string(element->name) + to_string(shape); }
};
using Segments = std::vector<Segment>;

/// Reads bytes of a file from front to back.
kernels::Read reader_of(const MappedFile& file, std::size_t& place) {
  return [&](std::byte* bytes, std::size_t count) {
    const std::size_t done = std::min(count, file.bytes().size() - place);
    std::copy_n(file.bytes().begin() + static_cast<std::ptrdiff_t>(place), done, bytes);
    place += done;
    return done;
  };
}

bool begins(const File& file, std::string_view text) {
  const auto bytes = file->bytes();
  return bytes.size() >= text.size() &&
         text == std::string_view(reinterpret_cast<const char*>(bytes.data()), text.size());
}

void check_plain(const File& file) {
  if (begins(file, "\x1f\x8b"))
    throw IoError(file->path() + ": a packed file cannot be mapped; gunzip it first");
}

Segment npy_segment(const std::string& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  check_plain(file);
  std::size_t place = 0;
  const auto [element, order, shape, bytes] =
      kernels::read_npy_layout(reader_of(*file, place), path);
  Segment segment{path, element, order, shape, file, place};
  if (file->bytes().size() - place != bytes) {
    throw IoError(path + ": the header says " + segment.describe() + ", " + std::to_string(bytes) +
                  " bytes; the file holds " + std::to_string(file->bytes().size() - place));
  }
  return segment;
}

using Shard = std::vector<std::pair<std::string, Segment>>;

Shard npz_shard(const std::string& path, const File& file) {
  Unzip zip(path);
  Shard shard;
  for (const Unzip::Member& member : zip.members()) {
    if (member.suffix != array_suffix) continue;
    const auto [layout, header_bytes, place] = zip.read_layout(member);
    Segment segment{zip.place_of(member), layout.element, layout.order, layout.shape, file,
                    header_bytes,         !place,         member.name};
    if (place) segment.offset += *place;
    if (place && (segment.offset > file->bytes().size() ||
                  layout.bytes > file->bytes().size() - segment.offset))
      throw IoError(segment.place + ": the data are damaged");
    shard.emplace_back(member.name, std::move(segment));
  }
  return shard;
}

Shard shard_of(const std::string& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  check_plain(file);
  if (begins(file, "\x93NUMPY"))
    throw IoError(path + ": a shard must be a .safetensors or .npz file; map_npy takes .npy files");
  if (begins(file, "PK")) return npz_shard(path, file);
  const kernels::SafetensorsHeader header(file->bytes(), path);
  Shard shard;
  for (const auto& entry : header.entries) {
    shard.emplace_back(entry.name,
                       Segment{path + ": tensor " + quoted(entry.name), &header.element(entry),
                               std::endian::little, entry.shape, file, header.place_of(entry)});
  }
  return shard;
}

void check_arrays(const char* op, const std::vector<FileArray>& arrays,
                  const FileOptions& options) {
  detail::check_count(op, "block_bytes", options.block_bytes);
  detail::check_count(op, "window_bytes", options.window_bytes);
  std::set<std::string> names;
  for (const FileArray& array : arrays) {
    detail::check_affine(op, array.center, array.scale);
    if (array.name.empty()) throw ValueError(std::string(op) + ": an array needs a name; got \"\"");
    if (!names.insert(array.name).second) {
      throw ValueError(std::string(op) + ": names must differ; got " + quoted(array.name) +
                       " twice");
    }
  }
}

/// Adds one whose rows must be as those before.
void append(Segments& segments, Segment segment) {
  if (segment.shape.rank() == 0 || segment.rows() == 0) {
    throw IoError(segment.place + ": an array must have rows; got " + segment.describe());
  }
  if (!segments.empty()) {
    const Segment& first = segments.front();
    if (segment.row() != first.row() || segment.element != first.element) {
      throw IoError(segment.place + ": rows must be as in " + first.place + ", " +
                    std::string(first.element->name) + to_string(first.row()) + "; got " +
                    std::string(segment.element->name) + to_string(segment.row()));
    }
    segment.first_row = segments.back().first_row + segments.back().rows();
  }
  segments.push_back(std::move(segment));
}

FileColumn column_of(const char* op, const FileArray& array, const Segment& first) {
  FileColumn column{
      array.name, first.row(), first.element, first.element->dtype, {array.center, array.scale}};
  const bool plain = column.affine.plain();
  column.dtype =
      array.dtype.value_or(plain || is_floating(column.dtype) ? column.dtype : default_dtype());
  if (kernels::copy_elements(*first.element, column.dtype) == nullptr ||
      (!plain && !is_floating(column.dtype))) {
    throw DtypeError(std::string(op) + ": " + first.place + ": " + (plain ? "" : "scaled ") +
                     std::string(first.element->name) + " cannot become " +
                     std::string(to_string(column.dtype)));
  }
  return column;
}

/// The memory of a block of a file, until it is let go.
struct Pages {
  Pages(File of, std::size_t begin_byte, std::size_t end_byte)
      : file(std::move(of)), begin(begin_byte), end(end_byte) {}
  ~Pages() { file->release(begin, end); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  File file;
  std::size_t begin, end;
};

std::int64_t rows_of(const Segments& segments) {
  return segments.back().first_row + segments.back().rows();
}

/// Where rows are in blocks: none is in two files, or in part in what is packed.
detail::Blocks blocks_of(const std::vector<Segments>& columns, const FileOptions& options) {
  std::map<std::int64_t, bool> begins;  // of files, and whether they are packed
  std::size_t row_bytes = 0;
  for (const Segments& segments : columns) {
    row_bytes += segments.front().row_bytes();
    for (const Segment& segment : segments) begins[segment.first_row] |= segment.packed;
  }
  const auto bytes = static_cast<std::int64_t>(std::max<std::size_t>(1, row_bytes));
  const std::int64_t most = std::max<std::int64_t>(1, options.block_bytes / bytes);
  detail::Blocks blocks{{}, rows_of(columns.front())};
  std::int64_t largest = 1;
  for (auto one = begins.begin(); one != begins.end(); ++one) {
    const std::int64_t end = std::next(one) == begins.end() ? blocks.rows : std::next(one)->first;
    const std::int64_t step = one->second ? end - one->first : std::min(most, end - one->first);
    largest = std::max(largest, step);
    for (std::int64_t row = one->first; row < end; row += step) blocks.first_rows.push_back(row);
  }
  blocks.window = std::max<std::int64_t>(1, options.window_bytes / bytes / largest);
  return blocks;
}

FileBlock load(const std::vector<Segments>& columns, std::int64_t row, std::int64_t end) {
  FileBlock block;
  for (const Segments& segments : columns) {
    const auto behind = std::upper_bound(
        segments.begin(), segments.end(), row,
        [](std::int64_t value, const Segment& segment) { return value < segment.first_row; });
    const Segment& segment = behind[-1];
    const std::int64_t in_file = row - segment.first_row;
    std::size_t begin = segment.offset + static_cast<std::size_t>(in_file) * segment.row_bytes();
    const std::byte* bytes = segment.file->bytes().data();
    if (segment.packed) {
      segment.file->check_unchanged();
      Unzip zip(segment.file->path());
      const auto member =
          std::find_if(zip.members().begin(), zip.members().end(), [&](const Unzip::Member& one) {
            return one.name == segment.member && one.suffix == array_suffix;
          });
      if (member == zip.members().end())
        throw IoError(segment.place + ": must not change while it is read; it is gone");
      const auto unpacked = std::make_shared<const std::vector<std::byte>>(zip.read_bytes(*member));
      const std::size_t needed =
          segment.offset + static_cast<std::size_t>(segment.rows()) * segment.row_bytes();
      if (unpacked->size() != needed) {
        throw IoError(segment.place + ": must not change while it is read; had " +
                      std::to_string(needed) + " bytes, has " + std::to_string(unpacked->size()));
      }
      bytes = unpacked->data();
      block.owners.push_back(unpacked);
    } else {
      const std::size_t count = static_cast<std::size_t>(end - row) * segment.row_bytes();
      block.owners.push_back(std::make_shared<const Pages>(segment.file, begin, begin + count));
      block.mapped.push_back(segment.file.get());
    }
    block.columns.push_back({bytes + begin, segment.order, segment.place, in_file});
  }
  return block;
}

FileDataset dataset_of(const char* op, const std::vector<FileArray>& arrays,
                       std::vector<Segments> columns, const FileOptions& options, bool in_order) {
  std::vector<FileColumn> forms;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    forms.push_back(column_of(op, arrays[i], columns[i].front()));
    if (rows_of(columns[i]) == rows_of(columns[0])) continue;
    throw IoError(columns[i].front().place + ": " + quoted(arrays[i].name) +
                  " must have as many rows as " + quoted(arrays[0].name) + " in " +
                  columns[0].front().place + ", " + std::to_string(rows_of(columns[0])) +
                  " in all files; got " + std::to_string(rows_of(columns[i])));
  }
  const auto empty = [](const Segments& segments) { return segments.front().row_bytes() == 0; };
  if (std::ranges::all_of(columns, empty)) {  // a few bytes could say any number of them
    throw IoError(columns[0].front().place + ": rows must have elements; got " +
                  columns[0].front().describe());
  }
  detail::Blocks blocks = blocks_of(columns, options);
  const auto read = [columns = std::move(columns), blocks](std::size_t i) {
    return load(columns, blocks.first_rows[i], blocks.end(i));
  };
  return open_blocks(std::make_shared<const detail::BlockReader>(std::move(forms), blocks, read),
                     in_order);
}

}  // namespace

FileDataset map_npy(const std::vector<FileArray>& arrays, const FileOptions& options) {
  constexpr const char* op = "map_npy";
  if (arrays.empty()) throw ValueError("map_npy: arrays are needed; got none");
  check_arrays(op, arrays, options);
  std::vector<Segments> columns;
  for (const FileArray& array : arrays) {
    if (array.files.empty())
      throw ValueError("map_npy: files are needed; got none for " + quoted(array.name));
    columns.emplace_back();
    for (const std::string& path : array.files) append(columns.back(), npy_segment(path));
  }
  return dataset_of(op, arrays, std::move(columns), options, true);
}

FileDataset map_shards(const std::vector<std::string>& files, const std::vector<FileArray>& arrays,
                       const FileOptions& options) {
  constexpr const char* op = "map_shards";
  if (files.empty()) throw ValueError("map_shards: files are needed; got none");
  check_arrays(op, arrays, options);
  for (const FileArray& array : arrays) {
    if (!array.files.empty())
      throw ValueError("map_shards: all arrays are in the shards; got files for " +
                       quoted(array.name));
  }
  std::vector<FileArray> chosen = arrays;
  std::vector<Segments> columns(arrays.size());
  for (const std::string& path : files) {
    const Shard shard = shard_of(path);
    if (chosen.empty()) {  // of the first one all
      for (const auto& [name, segment] : shard) chosen.push_back({name});
      std::ranges::sort(chosen, {}, &FileArray::name);
      columns.resize(chosen.size());
      if (chosen.empty()) throw IoError(path + ": a shard must have arrays; has none");
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto found = std::find_if(shard.begin(), shard.end(),
                                      [&](const auto& one) { return one.first == chosen[i].name; });
      if (found == shard.end()) {
        std::vector<std::string> names;
        for (const auto& [name, segment] : shard) names.push_back(name);
        std::ranges::sort(names);
        throw IoError(path + ": an array " + quoted(chosen[i].name) + " is needed; there " +
                      (names.empty() ? "is none" : "are " + kernels::listed(names)));
      }
      append(columns[i], found->second);
      const Segment &own = columns[i].back(), &first = columns[0].back();
      if (own.rows() == first.rows()) continue;
      throw IoError(path + ": arrays must have the same number of rows; got " + first.describe() +
                    " for " + quoted(chosen[0].name) + " and " + own.describe() + " for " +
                    quoted(chosen[i].name));
    }
  }
  return dataset_of(op, chosen, std::move(columns), options, !arrays.empty());
}

}  // namespace xtape::data
