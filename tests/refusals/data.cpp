#include <xtape/core/create.hpp>
#include <xtape/data/augment.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/idx_dataset.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/scaler.hpp>
#include <xtape/data/sine.hpp>
#include <xtape/data/spiral.hpp>
#include <xtape/data/split.hpp>
#include <xtape/data/table.hpp>
#include <xtape/data/vertical.hpp>
#include <xtape/data/windows.hpp>

#include "../support/refusals.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using namespace refusals;

namespace {

const std::vector<std::int64_t> below_one{0, -1, least}, below_zero{-1, least};
const std::vector<double> negatives{-1, not_a_number, inf};
const std::vector<double> not_finite{not_a_number, inf, -inf};
const std::vector<double> no_probability{-0.1, 1.1, not_a_number, inf};

}  // namespace

TEST_CASE("refusals: counts of samples and rows") {
  const std::string bytes = std::to_string(16 * (no_memory / 4));
  const Tensor labels = tensor({0, 0, 1, 1});
  const auto at_least_one = [](const char* what) {
    return std::string(what) + " must be at least 1; got ";
  };
  check(Counts{
      {"sine: samples", Kind::value, below_one, [](auto n) { return data::sine(n); },
       at_least_one("sine: samples")},
      {"sine: samples",
       Kind::memory,
       {no_memory},
       [](auto n) { return data::sine(n); },
       "sine: out of memory: 1152921504606846976 bytes for float32[%, 1]"},
      {"spiral: samples_per_class", Kind::value, below_one,
       [](auto n) { return data::spiral(n, 2); }, at_least_one("spiral: samples_per_class")},
      {"spiral: classes", Kind::value, below_one, [](auto n) { return data::spiral(2, n); },
       at_least_one("spiral: classes")},
      {"spiral: classes",
       Kind::shape,
       {most},
       [](auto n) { return data::spiral(2, n); },
       "shape: the number of elements must fit in int64; got [%, 2]"},
      {"spiral: samples_per_class",
       Kind::memory,
       {no_memory / 4},
       [](auto n) { return data::spiral(n, 2); },
       "=spiral: out of memory: " + bytes + " bytes for float32[144115188075855872, 2]"},
      {"vertical: samples_per_class", Kind::value, below_one,
       [](auto n) { return data::vertical(n, 2); }, at_least_one("vertical: samples_per_class")},
      {"vertical: classes", Kind::value, below_one, [](auto n) { return data::vertical(2, n); },
       at_least_one("vertical: classes")},
      {"vertical: classes",
       Kind::memory,
       {no_memory / 4},
       [](auto n) { return data::vertical(2, n); },
       "=vertical: out of memory: " + bytes + " bytes for float32[144115188075855872, 2]"},
      {"random_split: rows", Kind::value, below_zero,
       [](auto n) { return data::random_split(n, 0.5); },
       "random_split: rows must be at least 0; got "},
      {"random_split: rows",
       Kind::memory,
       {no_memory},
       [](auto n) { return data::random_split(n, 0.5); },
       "random_split: out of memory: 2305843009213693952 bytes for int64[%]"},
      {"block_split: rows", Kind::value, below_zero,
       [](auto n) { return data::block_split(n, 0.5); },
       "block_split: rows must be at least 0; got "},
      {"block_split: rows",
       Kind::memory,
       {no_memory},
       [](auto n) { return data::block_split(n, 0.5); },
       "block_split: out of memory: 2305843009213693952 bytes for int64[%]"},
      {"k_fold: rows", Kind::value, below_zero, [](auto n) { return data::k_fold(n, 2); },
       "k_fold: rows must be at least 0; got "},
      {"k_fold: rows",
       Kind::memory,
       {no_memory},
       [](auto n) { return data::k_fold(n, 2); },
       "k_fold: out of memory: 2305843009213693952 bytes for int64[%]"},
      {"k_fold: k",
       Kind::value,
       {1, 0, -1, 11, most, least},
       [](auto k) { return data::k_fold(10, k); },
       "k_fold: k must lie between 2 and the number of rows, 10; got "},
      {"stratified_k_fold: k",
       Kind::value,
       {1, 3, most, least},
       [&](auto k) { return data::stratified_k_fold(labels, k); },
       "stratified_k_fold: k must lie between 2 and the number of rows in the smallest class, 2; "
       "got "},
      {"blocked_k_fold: rows", Kind::value, below_zero,
       [](auto n) { return data::blocked_k_fold(n, 2, {.past_only = true}); },
       "blocked_k_fold: rows must be at least 0; got "},
      {"blocked_k_fold: k",
       Kind::value,
       {1, 10, most, least},
       [](auto k) { return data::blocked_k_fold(10, k, {.past_only = true}); },
       "blocked_k_fold: k must lie between 2 and the number of rows behind the first, 9; got "},
      {"BlockOptions.gap", Kind::value, below_zero,
       [](auto n) { return data::blocked_k_fold(10, 2, {.gap = n}); },
       "blocked_k_fold: gap must be at least 0; got "},
      {"BlockOptions.gap", Kind::value, below_zero,
       [](auto n) { return data::block_split(10, 0.5, {.gap = n}); },
       "block_split: gap must be at least 0; got "},
      {"BlockOptions.gap",
       Kind::value,
       {5, most},
       [](auto n) { return data::block_split(10, 0.5, {.gap = n}); },
       "block_split: the gap must leave rows to train on; got gap % around rows 5 to 9 of 10"},
  });
}

TEST_CASE("refusals: counts of loaders and files") {
  const data::Dataset dataset{zeros({4, 1}), zeros({4}, Dtype::int64)};
  const TemporaryDirectory directory;
  const std::string text = "a,b\n1,2\n",
                    path = directory.write("a.csv", {text.begin(), text.end()});
  const data::CsvTable table = data::read_csv(path);
  const std::string column = path + ": a column must lie in [-2, 2); got ";
  const auto of_row = path + ": a field must lie in [0, 1) x [0, 2); got row %, column 0";
  check(Counts{
      {"BatchOptions.batch_size", Kind::value, below_one,
       [&](auto n) { return data::Loader(dataset, {.batch_size = n}); },
       "loader: batch_size must be at least 1; got "},
      {"BatchOptions.prefetch", Kind::value, below_zero,
       [&](auto n) { return data::Loader(dataset, {.prefetch = n}); },
       "loader: prefetch must be at least 0; got "},
      {"Part.index",
       Kind::value,
       {-1, 2, least, most},
       [&](auto n) {
         return data::Loader(dataset, {.part = {n, 2}});
       },
       "loader: a part must be one of those there are, from 0; got % of 2"},
      {"Part.count",
       Kind::value,
       {0, -1, least},
       [&](auto n) {
         return data::Loader(dataset, {.part = {0, n}});
       },
       "loader: a part must be one of those there are, from 0; got 0 of "},
      {"BatchOptions.batch_size", Kind::value, below_one,
       [&](auto n) { return data::TensorLoader({zeros({4})}, {.batch_size = n}); },
       "loader: batch_size must be at least 1; got "},
      {"BatchLoader: rows", Kind::value, below_zero,
       [&](auto n) { return data::Loader(n, [&](std::int64_t) { return dataset; }); },
       "loader: rows must be at least 0; got "},
      {"row: row",
       Kind::index,
       {2, -3, most, least},
       [](auto n) { return data::PackedIntegers(arange(2)).row(n); },
       "packed: a row must lie in [-2, 2); got "},
      {"uniform: rows", Kind::value, below_one, [](auto n) { return data::Sampler::uniform(n); },
       "sampler: rows must be at least 1; got "},
      {"SamplerOptions.samples", Kind::value, below_one,
       [](auto n) { return data::Sampler::uniform(4, {.samples = n}); },
       "sampler: samples must be at least 1; got "},
      {"SamplerOptions.samples",
       Kind::value,
       {5, most},
       [](auto n) { return data::Sampler::uniform(4, {.samples = n, .replacement = false}); },
       "sampler: without replacement samples must be at most the rows that can be drawn, 4; got "},
      {"WindowOptions.length", Kind::value, below_one,
       [](auto n) { return data::Windows(zeros({5}), {.length = n}); },
       "windows: length must be at least 1; got "},
      {"WindowOptions.length",
       Kind::value,
       {5, most},
       [](auto n) { return data::Windows(zeros({5}), {.length = n}); },
       "windows: length and horizon together must be at most the rows, 5; got % and 1"},
      {"WindowOptions.horizon", Kind::value, below_one,
       [](auto n) { return data::Windows(zeros({5}), {.horizon = n}); },
       "windows: horizon must be at least 1; got "},
      {"WindowOptions.stride", Kind::value, below_one,
       [](auto n) { return data::Windows(zeros({5}), {.stride = n}); },
       "windows: stride must be at least 1; got "},
      {"head: rows", Kind::value, below_one,
       [](auto n) { return data::Table({"a"}, {{1}}).head(n); },
       "head: rows must be at least 1; got "},
      {"IdxDatasetOptions.classes", Kind::value, below_one,
       [&](auto n) { return data::load_idx_dataset(directory.path(), {.classes = n}); },
       "load_idx_dataset: classes must be at least 1; got "},
      {"CsvOptions.skip_lines", Kind::value, below_zero,
       [&](auto n) { return data::read_csv("none", {.skip_lines = n}); },
       "read_csv: skip_lines must be at least 0; got "},
      {"find: column",
       Kind::value,
       {2, -3, most, least},
       [&](auto i) { return table.find(i); },
       column},
      {"numbers: columns",
       Kind::value,
       {2, -3, most, least},
       [&](auto i) { return table.numbers({i}); },
       column},
      {"CsvDatasetOptions.label",
       Kind::value,
       {2, -3, most, least},
       [&](auto i) { return data::load_csv_dataset(path, {.label = i}); },
       column},
      {"text: row",
       Kind::index,
       {1, -1, most, least},
       [&](auto i) { return table.text(i, 0); },
       of_row},
      {"number: row",
       Kind::index,
       {1, -1, most, least},
       [&](auto i) { return table.number(i, 0); },
       of_row},
      {"line: row",
       Kind::index,
       {1, -1, most, least},
       [&](auto i) { return table.line(i); },
       of_row},
      {"missing: row",
       Kind::index,
       {1, -1, most, least},
       [&](auto i) { return data::Table(table).missing(i, 0); },
       of_row},
      {"is_boolean: row",
       Kind::index,
       {1, -1, most, least},
       [&](auto i) { return data::Table(table).is_boolean(i, 0); },
       of_row},
      {"missing: column",
       Kind::index,
       {2, -1, most, least},
       [&](auto i) { return data::Table(table).number(0, i); },
       path + ": a field must lie in [0, 1) x [0, 2); got row 0, column %"},
      {"rows: indices",
       Kind::index,
       {1, -2, most, least},
       [&](auto i) { return data::rows(data::Table(table), tensor({i})); },
       "rows: index must lie in [-1, 1); got "},
      {"rows: indices",
       Kind::index,
       {4, -5, most, least},
       [&](auto i) { return data::rows(dataset, tensor({i})); },
       "take: index must lie in [-4, 4); got % at position 0"},
  });
}

TEST_CASE("a loader takes batches and a prefetch as large as can be") {
  data::Loader loader({zeros({4, 1}), zeros({4}, Dtype::int64)},
                      {.batch_size = most, .prefetch = most});
  CHECK(loader.size() == 1);
  for (const auto& [x, y] : loader) CHECK(x.extent(0) == 4);
}

TEST_CASE("refusals: numbers of data") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 5.0}}), labels = tensor({0, 0, 1, 1});
  const std::string share = " must lie between 0 and 1; got ";
  const std::vector<double> no_share{0, 1, -0.5, not_a_number, inf};
  const std::string fixed = "scaler: center and scale must be finite, and scale not 0; got ";
  const std::string range = "scaler: low must be less than high, and both finite; got ";
  const std::string affine = ": center and scale must be finite, and scale not 0; got ";
  check(Numbers{
      {"random_split: test_share", Kind::value, no_share,
       [](auto v) { return data::random_split(10, v); }, "random_split: test_share" + share},
      {"block_split: test_share", Kind::value, no_share,
       [](auto v) { return data::block_split(10, v); }, "block_split: test_share" + share},
      {"stratified_split: test_share", Kind::value, no_share,
       [&](auto v) { return data::stratified_split(labels, v); },
       "stratified_split: test_share" + share},
      {"fixed: center", Kind::value, not_finite, [](auto v) { return data::Scaler::fixed(v, 1); },
       fixed},
      {"fixed: scale",
       Kind::value,
       {0, not_a_number, inf},
       [](auto v) { return data::Scaler::fixed(0, v); },
       fixed},
      {"min_max: low",
       Kind::value,
       {1, 2, not_a_number, -inf},
       [&](auto v) { return data::Scaler::min_max(x, v, 1); },
       range + "% and 1"},
      {"min_max: high",
       Kind::value,
       {0, -1, not_a_number, inf},
       [&](auto v) { return data::Scaler::min_max(x, 0, v); },
       range + "0 and "},
      {"IdxDatasetOptions.center", Kind::value, not_finite,
       [](auto v) { return data::load_idx_dataset("none", {.center = v}); },
       "load_idx_dataset" + affine + "% and 127.5"},
      {"IdxDatasetOptions.scale",
       Kind::value,
       {0, not_a_number, inf},
       [](auto v) { return data::load_idx_dataset("none", {.scale = v}); },
       "load_idx_dataset" + affine + "127.5 and "},
      {"PackedOptions.center", Kind::value, not_finite,
       [](auto v) { return data::PackedIntegers(arange(2)).row(0, {.center = v}); },
       "packed" + affine + "% and 1"},
      {"PackedOptions.scale",
       Kind::value,
       {0, not_a_number, inf},
       [](auto v) { return data::PackedIntegers(arange(2)).row(0, {.scale = v}); },
       "packed" + affine + "0 and "},
      {"IdxOptions.center", Kind::value, not_finite,
       [](auto v) { return data::read_idx("none", {.center = v}); },
       "read_idx" + affine + "% and 1"},
      {"IdxOptions.scale",
       Kind::value,
       {0, not_a_number, inf},
       [](auto v) { return data::read_idx("none", {.scale = v}); },
       "read_idx" + affine + "0 and "},
  });
}

TEST_CASE("refusals: options of augmentation") {
  namespace augment = data::augment;
  Rng& rng = default_rng();
  const Tensor images = zeros({2, 4, 5});
  check(Counts{
      {"ShiftOptions.max_rows",
       Kind::value,
       {-1, 5, most, least},
       [&](auto n) { return augment::shift(images, {.max_rows = n}, rng); },
       "shift: max_rows must lie in [0, 4]; got "},
      {"ShiftOptions.max_columns",
       Kind::value,
       {-1, 6, most, least},
       [&](auto n) { return augment::shift(images, {.max_columns = n}, rng); },
       "shift: max_columns must lie in [0, 5]; got "},
      {"CropOptions.rows",
       Kind::value,
       {0, 5, most, least},
       [&](auto n) { return augment::crop(images, {.rows = n, .columns = 2}, rng); },
       "crop: rows must lie in [1, 4]; got "},
      {"CropOptions.columns",
       Kind::value,
       {0, 6, most, least},
       [&](auto n) { return augment::crop(images, {.rows = 2, .columns = n}, rng); },
       "crop: columns must lie in [1, 5]; got "},
      {"CropOptions.padding",
       Kind::value,
       {-1, 6, most, least},
       [&](auto n) { return augment::crop(images, {.rows = 2, .columns = 2, .padding = n}, rng); },
       "crop: padding must lie in [0, 5]; got "},
  });
  check(Numbers{
      {"ShiftOptions.fill",
       Kind::value,
       {1e39},
       [&](auto v) { return augment::shift(images, {.fill = v}, rng); },
       "shift: a number must fit in float32; got "},
      {"FlipOptions.left_right", Kind::value, no_probability,
       [&](auto v) { return augment::flip(images, {.left_right = v}, rng); },
       "flip: left_right must lie in [0, 1]; got "},
      {"FlipOptions.up_down", Kind::value, no_probability,
       [&](auto v) { return augment::flip(images, {.up_down = v}, rng); },
       "flip: up_down must lie in [0, 1]; got "},
      {"CropOptions.fill",
       Kind::value,
       {1e39},
       [&](auto v) { return augment::crop(images, {.rows = 2, .columns = 2, .fill = v}, rng); },
       "crop: a number must fit in float32; got "},
      {"RotateOptions.max_degrees",
       Kind::value,
       {-1, 181, not_a_number, inf},
       [&](auto v) { return augment::rotate(images, {.max_degrees = v}, rng); },
       "rotate: max_degrees must lie in [0, 180]; got "},
      {"RotateOptions.fill",
       Kind::value,
       {1e39},
       [&](auto v) { return augment::rotate(images, {.max_degrees = 9, .fill = v}, rng); },
       "rotate: a number must fit in float32; got "},
      {"rotate: degrees", Kind::value, not_finite,
       [&](auto v) {
         return augment::rotate(images, tensor({0.0, v}));
       },
       "rotate: angles must be finite; got "},
      {"NoiseOptions.stddev", Kind::value, negatives,
       [&](auto v) { return augment::noise(images, {.stddev = v}, rng); },
       "noise: stddev must be finite and not negative; got "},
      {"NoiseOptions.stddev",
       Kind::value,
       {1e39},
       [&](auto v) { return augment::noise(images, {.stddev = v}, rng); },
       "noise: a number must fit in float32; got "},
  });
}
