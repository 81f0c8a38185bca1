#include <algorithm>
#include <memory>
#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/block_reader.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/csv_builder.hpp>
#include <xtape/data/csv_files.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/open_blocks.hpp>

namespace xtape::data {
namespace {

using detail::CsvBuilder;
using detail::CsvPiece;

/// Rows of a file that are read together.
struct Piece {
  std::shared_ptr<const MappedFile> file;
  std::size_t begin, end;
  std::int64_t line;
  std::int64_t rows;
};

struct Pieces {
  CsvOptions options;
  Columns columns;
  std::vector<Piece> list;
};

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

void add_pieces(const std::string& path, const CsvFileOptions& options, Pieces& pieces) {
  CsvBuilder builder(path, options.csv);
  builder.find_pieces(static_cast<std::size_t>(options.block_bytes));
  const auto file = std::make_shared<const MappedFile>(path);
  const std::string_view text = text_of(*file);
  if (text.starts_with("\x1f\x8b"))
    throw IoError(path + ": a packed file cannot be read in pieces; gunzip it first");
  constexpr std::size_t step = std::size_t{1} << 20;
  for (std::size_t place = 0; place < text.size(); place += step) {
    builder.feed(text.substr(place, step));
    file->release(place, std::min(place + step, text.size()));
  }
  builder.finish();
  if (pieces.list.empty()) pieces.columns = builder.columns();
  if (builder.columns() != pieces.columns) {
    throw IoError(path + ": columns must be as in " + pieces.list.front().file->path() + ", " +
                  kernels::listed(pieces.columns) + "; got " + kernels::listed(builder.columns()));
  }
  const std::vector<CsvPiece>& found = builder.pieces();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& [offset, line, rows] = found[i];
    if (rows == 0) continue;  // behind the last row
    const std::size_t end = i + 1 < found.size() ? found[i + 1].offset : text.size();
    pieces.list.push_back({file, offset, end, line, rows});
  }
}

Table table_of(const Pieces& pieces, std::size_t i) {
  const auto& [file, begin, end, line, rows] = pieces.list[i];
  file->check_unchanged();
  const std::string_view text = text_of(*file);
  const bool front = begin == 0;
  CsvBuilder builder = front ? CsvBuilder(file->path(), pieces.options)
                             : CsvBuilder(file->path(), pieces.options, pieces.columns, line);
  // The second half of a line end, CR LF, is none of its own.
  const std::size_t skipped = !front && text[begin - 1] == '\r' && text[begin] == '\n' ? 1 : 0;
  builder.feed(text.substr(begin + skipped, end - begin - skipped));
  builder.finish();
  file->release(begin, end);
  CsvTable table = builder.take();
  if (table.rows() != rows) {
    throw IoError(file->path() + ": must not change while it is read; had " + std::to_string(rows) +
                  " rows from line " + std::to_string(line) + ", has " +
                  std::to_string(table.rows()));
  }
  return Table(std::move(table));
}

std::string described(const NamedTensors& tensors) {
  std::string text;
  for (const auto& [name, tensor] : tensors) {
    text += (text.empty() ? "" : ", ") + kernels::quoted(name) + " " + tensor.describe();
  }
  return text.empty() ? "none" : text;
}

/// The tensors of a piece, which must be `rows` each.
NamedTensors made_of(const TableFunction& make, const Pieces& pieces, std::size_t i) {
  const NoGradGuard off;
  NamedTensors tensors;
  for (const auto& [name, tensor] : make(table_of(pieces, i)).tensors())
    tensors.emplace_back(name, tensor.defined() ? tensor.detach().contiguous() : tensor);
  const auto& [file, begin, end, line, rows] = pieces.list[i];
  const std::int64_t needed = rows;
  const bool right = std::all_of(tensors.begin(), tensors.end(), [&](const NamedTensor& one) {
    return one.second.defined() && one.second.rank() > 0 && one.second.extent(0) == needed;
  });
  if (!right || tensors.empty()) {
    throw IoError(file->path() + ":" + std::to_string(line) +
                  ": as many rows must be made as the piece has, " + std::to_string(rows) +
                  "; got " + described(tensors));
  }
  return tensors;
}

}  // namespace

NamedDataset detail::named(const Dataset& made) { return {{"x", made.x}, {"y", made.y}}; }

FileDataset open_csv(const std::vector<std::string>& files, TableFunction make,
                     const CsvFileOptions& options) {
  detail::check_count("open_csv", "block_bytes", options.block_bytes);
  detail::check_count("open_csv", "window_bytes", options.window_bytes);
  if (!make) throw ValueError("open_csv: a function is needed; got an empty one");
  if (files.empty()) throw ValueError("open_csv: files are needed; got none");
  if (options.csv.max_rows)
    throw ValueError("open_csv: all rows are read; max_rows is for read_csv and read_table");
  Pieces pieces{options.csv, {}, {}};
  for (const std::string& path : files) add_pieces(path, options, pieces);
  detail::Blocks blocks;
  std::size_t largest = 1;
  for (const Piece& piece : pieces.list) {
    blocks.first_rows.push_back(blocks.rows);
    blocks.rows += piece.rows;
    largest = std::max(largest, piece.end - piece.begin);
  }
  blocks.window =
      std::max<std::int64_t>(1, options.window_bytes / static_cast<std::int64_t>(largest));
  std::vector<detail::FileColumn> columns;
  for (const auto& [name, tensor] : made_of(make, pieces, 0)) {
    const std::vector<std::int64_t> row(tensor.shape().begin() + 1, tensor.shape().end());
    columns.push_back({name, Shape(row), &kernels::element_of(tensor.dtype()), tensor.dtype()});
  }
  const auto load = [make = std::move(make), pieces = std::move(pieces), columns](std::size_t i) {
    const auto tensors = std::make_shared<const NamedTensors>(made_of(make, pieces, i));
    detail::FileBlock block;
    block.owners.push_back(tensors);
    bool same = tensors->size() == columns.size();
    for (std::size_t c = 0; same && c < columns.size(); ++c) {
      const auto& [name, tensor] = (*tensors)[c];
      const std::vector<std::int64_t> row(tensor.shape().begin() + 1, tensor.shape().end());
      same = name == columns[c].name && tensor.dtype() == columns[c].dtype &&
             Shape(row) == columns[c].row;
      block.columns.push_back({tensor.body().data});
    }
    if (!same) {
      std::string needed;
      for (const detail::FileColumn& column : columns) {
        needed += (needed.empty() ? "" : ", ") + kernels::quoted(column.name) + " " +
                  std::string(to_string(column.dtype)) + " rows of " + to_string(column.row);
      }
      throw IoError(pieces.list[i].file->path() + ":" + std::to_string(pieces.list[i].line) +
                    ": tensors must be as of the first rows, " + needed + "; got " +
                    described(*tensors));
    }
    return block;
  };
  return open_blocks(
      std::make_shared<const detail::BlockReader>(std::move(columns), std::move(blocks), load));
}

}  // namespace xtape::data
