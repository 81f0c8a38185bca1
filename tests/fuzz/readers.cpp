// Whatever bytes a file has, a reader gives what they mean or throws an error of the library that
// names the file; what it gives can be written and is read again with the same bits. The
// environment variable XTAPE_READER names the reader.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <xtape/train/search_folder.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/temporary_directory.hpp"
#include "memory_file.hpp"
#include "target.hpp"

using namespace xtape;

namespace {

std::uint64_t taken = 0, refused = 0;

const TemporaryDirectory& directory() {
  static const TemporaryDirectory made;
  return made;
}

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

void require_same(const NamedTensors& a, const NamedTensors& b) {
  require(a.size() == b.size(), "another number of tensors is read again");
  for (std::size_t i = 0; i < a.size(); ++i) {
    require(a[i].first == b[i].first,
            "\"" + a[i].first + "\" is read again as \"" + b[i].first + '"');
    const std::string difference = mismatch(a[i].second, b[i].second);
    require(difference.empty(), a[i].first + " is read again with another value: " + difference);
  }
}

void npy(const std::string& path) {
  const Tensor x = data::load_npy(path);
  const std::string again = directory().file("x.npy");
  data::save_npy(again, x);
  require_same({{"x", x}}, {{"x", data::load_npy(again)}});
}

void take_rows(const data::PackedIntegers& x) {
  static_cast<void>(
      x.rows(arange(std::min<std::int64_t>(x.size(), 1000)), {.dtype = Dtype::int64}));
}

void packed_npy(const std::string& path) { take_rows(data::load_packed_npy(path)); }

void npz(const std::string& path) {
  const data::Archive all = data::load_archive(path);
  const std::string again = directory().file("x.npz");
  data::save_archive(again, all, {.compress = all.tensors.size() % 2 == 1});
  const data::Archive twice = data::load_archive(again);
  require_same(all.tensors, twice.tensors);
  require(all.texts == twice.texts, "other texts are read again");
}

void safetensors(const std::string& path) {
  const NamedTensors all = data::load_safetensors(path);
  const auto metadata = data::load_safetensors_metadata(path);
  const std::string again = directory().file("x.safetensors");
  data::save_safetensors(again, all, metadata);
  const NamedTensors twice = data::load_safetensors(again);
  data::save_safetensors(again, twice, metadata);
  require_same(twice, data::load_safetensors(again));
  require(twice.size() == all.size(), "another number of tensors is read again");
}

/// Rows that are mapped are those that are read.
void compare_rows(const data::FileDataset& mapped, const NamedTensors& read) {
  const std::int64_t rows = std::min<std::int64_t>(mapped.size(), 1000);
  const data::NamedDataset got = mapped(arange(rows));
  for (const auto& [name, x] : got.tensors()) {
    const auto all = std::ranges::find(read, name, &NamedTensor::first);
    require(all != read.end(), "a mapped array is read as well");
    require(mismatch(x, take(all->second, arange(rows))).empty(), name + " has other rows");
  }
}

void map_npy(const std::string& path) {
  const data::FileDataset mapped = data::map_npy({{.name = "x", .files = {path}}});
  compare_rows(mapped, {{"x", data::load_npy(path)}});
}

void map_shards(const std::string& path) {
  const data::FileDataset mapped = data::map_shards({path});
  std::string begin(4, ' ');
  std::ifstream(path).read(begin.data(), 4);
  compare_rows(mapped,
               begin.starts_with("PK") ? data::load_npz(path) : data::load_safetensors(path));
}

/// The lengths of the fields of each row.
data::NamedDataset lengths(const data::Table& table) {
  std::vector<std::int64_t> all;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    for (std::size_t i = 0; i < table.columns().size(); ++i)
      all.push_back(std::ssize(table.text(row, static_cast<std::int64_t>(i))));
  return data::NamedDataset(
      {{"x", from_vector(std::move(all), {table.rows(), std::ssize(table.columns())})}});
}

/// A table that is read in pieces is the one that is read whole.
void open_csv(const std::string& path) {
  const data::FileDataset opened =
      data::open_csv({path}, data::TableFunction(lengths), {.block_bytes = 16});
  compare_rows(opened, lengths(data::read_table(path)).tensors());
}

/// What a search has kept, with a line more, is that and what was there.
void search(const std::string& path) {
  const std::string folder = directory().file("search"), file = folder + "/evaluations-0.tsv";
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(path, file, std::filesystem::copy_options::overwrite_existing);
  detail::SearchFolder kept(folder, 0);
  detail::SearchFolder::KeptByKey before = kept.read();
  kept.write("a candidate", {.score = 0.1, .seconds = 2});
  before.insert_or_assign("a candidate", detail::SearchFolder::Kept{.score = 0.1, .seconds = 2});
  const detail::SearchFolder::KeptByKey after = kept.read();
  require(after.size() == before.size(), "lines were lost, or have come");
  require(after.at("a candidate").score == 0.1, "a score has changed");
}

void idx(const std::string& path) {
  static_cast<void>(data::read_idx(path, {.dtype = Dtype::float64}));
}

void packed_idx(const std::string& path) { take_rows(data::read_packed_idx(path)); }

void csv(const std::string& path) {
  const data::CsvTable table = data::read_csv(path);
  std::vector<std::vector<std::string>> rows;
  const std::string again = directory().file("x.csv");
  data::CsvWriter writer(again, table.columns());
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    std::vector<data::CsvValue> values;
    for (std::size_t i = 0; i < table.columns().size(); ++i)
      values.push_back(std::string(table.text(row, static_cast<std::int64_t>(i))));
    writer.write(values);
  }
  writer.commit();
  const data::CsvTable twice = data::read_csv(again);
  require(twice.columns() == table.columns() && twice.rows() == table.rows(),
          "another table is read again");
  for (std::int64_t row = 0; row < table.rows(); ++row)
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(table.columns().size()); ++i)
      require(twice.text(row, i) == table.text(row, i), "another field is read again");
  static_cast<void>(table.numbers(Dtype::float64));
}

/// Another form of tables, with all that there is of marks.
void dialect(const std::string& path) {
  const data::Table table = data::read_table(path, {.delimiter = ';',
                                                    .header = false,
                                                    .missing = {"NA"},
                                                    .nonfinite = true,
                                                    .quote = '\'',
                                                    .decimal = ',',
                                                    .thousands = '.',
                                                    .comment = '#',
                                                    .skip_lines = 1,
                                                    .trailing_delimiter = true});
  std::ostringstream text;
  text << table.describe();
}

void csv_dataset(const std::string& path) {
  const data::CsvDataset all = data::load_csv_dataset(path);
  require(all.dataset.x.extent(0) == all.dataset.y.extent(0), "as many samples as labels");
}

/// A state that is refused changes nothing.
void checkpoint(const std::string& path) {
  Rng rng(1), other(2);
  nn::Dense model(2, 3, {}, rng);
  optim::Adam optimizer(model);
  std::int64_t epoch = 3;
  double best = 0.5;
  std::string note = "before";
  Checkpoint parts;
  parts.add("model", model).add("optimizer", optimizer).add("rng", other).add("epoch", epoch);
  parts.add("best", best).add("note", note);
  const NamedTensors before = model.state();
  try {
    parts.load(path);
  } catch (...) {
    require_same(model.state(), before);
    require(epoch == 3 && best == 0.5 && note == "before",
            "a refused checkpoint has changed something");
    throw;
  }
  const std::string again = directory().file("x.npz");
  const NamedTensors loaded = model.state();
  parts.save(again);
  parts.load(again);
  require_same(model.state(), loaded);
}

void pipeline(const std::string& path) {
  data::Pipeline pipeline;
  pipeline.restore(data::load_npz(path));
  const NamedTensors state = pipeline.state();
  data::Pipeline twice;
  twice.restore(state);
  require_same(twice.state(), state);
  static_cast<void>(pipeline.feature_names());
}

using Reader = void (*)(const std::string& path);

Reader chosen_reader() {
  static const std::map<std::string, Reader> all{{"npy", npy},
                                                 {"packed_npy", packed_npy},
                                                 {"npz", npz},
                                                 {"idx", idx},
                                                 {"packed_idx", packed_idx},
                                                 {"safetensors", safetensors},
                                                 {"csv", csv},
                                                 {"dialect", dialect},
                                                 {"csv_dataset", csv_dataset},
                                                 {"pipeline", pipeline},
                                                 {"checkpoint", checkpoint},
                                                 {"map_npy", map_npy},
                                                 {"map_shards", map_shards},
                                                 {"open_csv", open_csv},
                                                 {"search", search}};
  const char* name = std::getenv("XTAPE_READER");
  const auto found = all.find(name == nullptr ? "" : name);
  require(found != all.end(), "XTAPE_READER must name a reader");
  return found->second;
}

}  // namespace

int run_target(std::span<const std::uint8_t> bytes) {
  static const Reader reader = chosen_reader();
  const MemoryFile file(bytes);
  try {
    reader(file.path());
    ++taken;
  } catch (const Error&) {
    ++refused;
  }
  return 0;
}

std::string target_counts() {
  return std::to_string(taken) + " read, " + std::to_string(refused) + " refused";
}
