#include <xtape/core/create.hpp>
#include <xtape/data/csv_files.hpp>
#include <xtape/data/file_dataset.hpp>
#include <xtape/data/npy.hpp>
#include <xtape/data/sampler.hpp>

#include "../support/refusals.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: counts of what is read in blocks") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.npy");
  data::save_npy(path, zeros({2, 3}));
  const std::vector<std::int64_t> below_one{0, -1, least};
  const auto make = [](const data::Table&) { return data::NamedDataset(); };
  check(Counts{
      {"blocks: rows", Kind::value, below_one, [](auto n) { return data::Sampler::blocks(n); },
       "sampler: rows must be at least 1; got "},
      {"BlockSamplerOptions.block_rows", Kind::value, below_one,
       [](auto n) { return data::Sampler::blocks(4, {.block_rows = n}); },
       "sampler: block_rows must be at least 1; got "},
      {"BlockSamplerOptions.window", Kind::value, below_one,
       [](auto n) { return data::Sampler::blocks(4, {.window = n}); },
       "sampler: window must be at least 1; got "},
      {"FileOptions.block_bytes", Kind::value, below_one,
       [&](auto n) {
         return data::map_npy({{"x", {path}}}, {.block_bytes = n});
       },
       "map_npy: block_bytes must be at least 1; got "},
      {"FileOptions.window_bytes", Kind::value, below_one,
       [&](auto n) {
         return data::map_npy({{"x", {path}}}, {.window_bytes = n});
       },
       "map_npy: window_bytes must be at least 1; got "},
      {"CsvFileOptions.block_bytes", Kind::value, below_one,
       [&](auto n) { return data::open_csv({path}, make, {.block_bytes = n}); },
       "open_csv: block_bytes must be at least 1; got "},
      {"CsvFileOptions.window_bytes", Kind::value, below_one,
       [&](auto n) { return data::open_csv({path}, make, {.window_bytes = n}); },
       "open_csv: window_bytes must be at least 1; got "},
      {"CsvOptions.max_rows", Kind::value, below_one,
       [](auto n) { return data::read_csv("none", {.max_rows = n}); },
       "read_csv: max_rows must be at least 1; got "},
  });
}

TEST_CASE("blocks and windows may be as large as can be") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.npy");
  data::save_npy(path, arange(6));
  const data::FileDataset files =
      data::map_npy({{"x", {path}}}, {.block_bytes = most, .window_bytes = most});
  CHECK(files.blocks() == std::vector<std::int64_t>{0});
  CHECK(files(arange(6))["x"].to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  Rng rng(1);
  CHECK(data::Sampler::blocks(6, {.block_rows = most, .window = most}).draw(rng).size() == 6);
}
