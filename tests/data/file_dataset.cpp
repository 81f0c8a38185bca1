// Rows of .npy files that are read when they are needed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/npy_bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;
using data::Dataset;
using data::FileArray;
using data::FileDataset;
using data::FileOptions;
using data::map_npy;

namespace {

/// Numbers of T in the order of bytes that the code tells, '<' or '>', as NumPy writes them.
template <class T>
std::string npy(const std::string& descr, const std::string& shape, const std::vector<T>& numbers) {
  std::string text =
      npy_header("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }");
  for (T number : numbers) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    if (descr[0] == '>') std::reverse(bytes, bytes + sizeof(T));
    text.append(bytes, sizeof(T));
  }
  return text;
}

/// first, first + 1, ...
template <class T>
std::vector<T> count_from(int first, std::size_t count) {
  std::vector<T> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<T>(first + static_cast<int>(i));
  return numbers;
}

struct Files {
  std::string write(const std::string& name, const std::string& text) const {
    return directory.write(name, bytes_of(text));
  }
  /// An array of that type, int8 to float64, whose numbers count.
  template <class T>
  std::string count(const std::string& name, const std::string& descr, const std::string& shape,
                    int first, std::size_t numbers) const {
    return write(name, npy(descr, shape, count_from<T>(first, numbers)));
  }

  TemporaryDirectory directory;
};

std::string io_error(const std::vector<FileArray>& arrays) {
  return error_of<IoError>([&] { return map_npy(arrays); });
}

}  // namespace

TEST_CASE("file dataset: arrays as load_npy reads them, of each type and order") {
  const Files files;
  const auto check = [&](const std::string& path) {
    CAPTURE(path);
    const Tensor whole = data::load_npy(path);
    const FileDataset rows = map_npy({{"x", {path}}});
    CHECK(rows.size() == 4);
    CHECK(rows.names() == std::vector<std::string>{"x"});
    CHECK(mismatch(rows(arange(4))["x"], whole) == "");
    const Tensor some = tensor({3, 0, -1, 1, 1});
    CHECK(mismatch(rows(some)["x"], take(whole, some)) == "");
    CHECK(rows(zeros({0}, Dtype::int64))["x"].shape() == Shape{0, 3});
    // Scaled, and in the other floating dtype.
    const FileDataset scaled = map_npy({{"x", {path}, Dtype::float64, 1.5, 3}});
    CHECK(mismatch(scaled(arange(4))["x"], (whole.to(Dtype::float64) - 1.5) / 3) == "");
    const FileDataset plain = map_npy({{"x", {path}, Dtype::float32}});
    CHECK(mismatch(plain(arange(4))["x"], whole.to(Dtype::float32)) == "");
  };
  for (const std::string order : {"<", ">"}) {
    check(files.count<std::int16_t>(order + "i2", order + "i2", "4, 3", -7, 12));
    check(files.count<std::int32_t>(order + "i4", order + "i4", "4, 3", -7, 12));
    check(files.count<std::int64_t>(order + "i8", order + "i8", "4, 3", -7, 12));
    check(files.count<std::uint16_t>(order + "u2", order + "u2", "4, 3", 65000, 12));
    check(files.count<std::uint32_t>(order + "u4", order + "u4", "4, 3", 3, 12));
    check(files.count<std::uint64_t>(order + "u8", order + "u8", "4, 3", 3, 12));
    check(files.count<float>(order + "f4", order + "f4", "4, 3", -7, 12));
    check(files.count<double>(order + "f8", order + "f8", "4, 3", -7, 12));
    check(files.count<std::uint16_t>(order + "f2", order + "f2", "4, 3", 15360, 12));
  }
  check(files.count<std::int8_t>("i1", "|i1", "4, 3", -7, 12));
  check(files.count<std::uint8_t>("u1", "|u1", "4, 3", 250, 12));
  check(files.write("b1", npy<char>("|b1", "4, 3", {0, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1})));
}

TEST_CASE("file dataset: several files, cut elsewhere for each array, in blocks of any size") {
  const Files files;
  const std::vector<FileArray> arrays{{"x",
                                       {files.count<std::uint8_t>("x0.npy", "|u1", "5, 2", 0, 10),
                                        files.count<std::uint8_t>("x1.npy", "|u1", "1, 2", 10, 2),
                                        files.count<std::uint8_t>("x2.npy", "|u1", "7, 2", 12, 14)},
                                       Dtype::float32},
                                      {"y",
                                       {files.count<std::int32_t>("y0.npy", "<i4", "2,", 0, 2),
                                        files.count<std::int32_t>("y1.npy", ">i4", "11,", 2, 11)}}};
  for (const std::int64_t block : {1, 13, 20, 1 << 20}) {
    for (const std::int64_t window : {1, 40, 1 << 20}) {
      const FileDataset rows = map_npy(arrays, {.block_bytes = block, .window_bytes = window});
      CHECK(rows.size() == 13);
      const std::vector<std::int64_t> first = rows.blocks();
      for (const std::int64_t file : {0, 2, 5, 6})
        CHECK(std::find(first.begin(), first.end(), file) != first.end());
      CHECK(first.size() == (block == 1 ? 13U : block == 13 ? 8U : block == 20 ? 6U : 4U));
      const data::NamedDataset all = rows(arange(13));
      CHECK(mismatch(all["x"], reshape(arange(0.0, 26.0, 1.0, Dtype::float32), {13, 2})) == "");
      CHECK(mismatch(all["y"], arange(13)) == "");
      const Tensor mixed = tensor({12, 4, 5, 6, 0, 11, 2, 3, 7});
      CHECK(mismatch(rows(mixed)["y"], mixed) == "");
    }
  }
}

TEST_CASE("file dataset: a loader of it trains as one of tensors, and goes on in a pass") {
  const Files files;
  std::vector<float> x(3000);
  std::vector<std::uint8_t> y(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    for (std::size_t j = 0; j < 3; ++j)
      x[3 * i + j] = static_cast<float>(std::sin(0.1 * static_cast<double>(i * (j + 1))));
    y[i] = x[3 * i] * x[3 * i + 1] > 0 ? 1 : 0;
  }
  const FileDataset rows = map_npy({{"x", {files.write("x.npy", npy("<f4", "1000, 3", x))}},
                                    {"y", {files.write("y.npy", npy("|u1", "1000,", y))}}},
                                   {.block_bytes = 512, .window_bytes = 4096});
  CHECK(rows.window() == 8);
  const Dataset whole{from_vector(x, {1000, 3}),
                      from_vector(std::vector<std::int64_t>(y.begin(), y.end()))};
  const auto train = [&](auto make_loader, int stop, const std::string& resume) {
    Rng rng(4);
    const nn::Sequential model{nn::Dense(3, 8, {}, rng), nn::ReLU(), nn::Dense(8, 2, {}, rng)};
    optim::Adam optimizer(model);
    auto loader = make_loader(rng);
    Checkpoint all;
    all.add("model", model).add("optimizer", optimizer).add("loader", loader);
    if (!resume.empty()) all.load(resume);
    int steps = 0;
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (const auto& [batch_x, batch_y] : loader) {
        optimizer.zero_grad();
        nn::cross_entropy(model(batch_x), batch_y).backward();
        optimizer.step();
        if (++steps == stop) {
          all.save(files.directory.file("half.npz"));
          return model.parameters()[0].to_vector<float>();
        }
      }
    }
    return model.parameters()[0].to_vector<float>();
  };
  const auto from_files = [&](std::int64_t prefetch) {
    return [&rows, prefetch](Rng& rng) {
      return data::Loader(rows, {.batch_size = 32, .shuffle = true, .prefetch = prefetch}, rng);
    };
  };
  const auto in_memory = [&](Rng& rng) {
    const data::Sampler blocks =
        data::Sampler::blocks(1000, {.first_rows = rows.blocks(), .window = rows.window()});
    return data::Loader(whole, {.batch_size = 32, .sampler = blocks}, rng);
  };
  const auto expected = train(in_memory, 0, "");
  CHECK(train(from_files(0), 0, "") == expected);
  CHECK(train(from_files(2), 0, "") == expected);
  // 96 steps in all: stopped in the second pass, and gone on with where it stood.
  train(from_files(2), 41, "");
  const std::string half = files.directory.file("half.npz");
  Rng other(9);
  const nn::Sequential model{nn::Dense(3, 8, {}, other), nn::ReLU(), nn::Dense(8, 2, {}, other)};
  optim::Adam optimizer(model);
  data::Loader loader(rows, {.batch_size = 32, .shuffle = true}, other);
  Checkpoint().add("model", model).add("optimizer", optimizer).add("loader", loader).load(half);
  for (int epoch = 1; epoch < 3; ++epoch) {
    for (const auto& [batch_x, batch_y] : loader) {
      optimizer.zero_grad();
      nn::cross_entropy(model(batch_x), batch_y).backward();
      optimizer.step();
    }
  }
  CHECK(model.parameters()[0].to_vector<float>() == expected);
}

TEST_CASE("file dataset: a Fit by names, with validation on rows of the same files") {
  const Files files;
  const FileDataset all = map_npy({{"x", {files.count<float>("x.npy", "<f4", "90, 2", 0, 180)}},
                                   {"y", {files.count<float>("y.npy", "<f4", "90, 1", 0, 90)}}},
                                  {.block_bytes = 100});
  const data::Fold fold = data::block_split(all.size(), 0.3);
  Rng rng(1);
  data::NamedLoader training(rows(all, fold.train), {.batch_size = 16, .shuffle = true}, rng);
  data::NamedLoader validation(rows(all, fold.test), {.batch_size = 64}, rng);
  CHECK(training.samples() == 63);
  CHECK(mismatch(reshape((*validation.begin())["y"], {27}),
                 arange(63.0, 90.0, 1.0, Dtype::float32)) == "");
  const nn::Dense model(2, 1, {}, rng);
  optim::Adam optimizer(model, {.learning_rate = 0.01});
  const History history =
      Fit(model, optimizer, training,
          [&](const data::NamedDataset& batch) {
            return nn::mean_squared_error(model(batch["x"] / 100), batch["y"] / 100);
          },
          {.epochs = 5, .validation = validation})
          .run();
  CHECK(history["validation_loss"].size() == 5);
}

TEST_CASE("file dataset: rows of it, in blocks that are theirs, and folds") {
  const Files files;
  const FileDataset all =
      map_npy({{"x", {files.count<std::int16_t>("x.npy", "<i2", "40,", 0, 40)}}},
              {.block_bytes = 20, .window_bytes = 40});
  const Tensor some = tensor({1, 2, 9, 10, 25, 31, 32, 39});
  const FileDataset part = rows(all, some);
  CHECK(part.size() == 8);
  CHECK(part.blocks() == std::vector<std::int64_t>{0, 3, 4, 5});
  CHECK(part.window() == 2);
  CHECK(mismatch(part(arange(8))["x"], some) == "");
  CHECK(mismatch(rows(part, tensor({1, 6}))(tensor({-1, 0}))["x"], tensor({32, 2})) == "");
  std::vector<std::int64_t> tested;
  Rng rng(2);
  for (const data::Fold& fold : data::k_fold(all.size(), 4, rng)) {
    data::TensorLoader train(rows(all, fold.train), {.batch_size = 7, .shuffle = true}, rng);
    std::vector<std::int64_t> seen;
    for (const data::TensorList& batch : train) {
      const auto own = batch[0].to_vector<std::int64_t>();
      seen.insert(seen.end(), own.begin(), own.end());
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen == fold.train.to_vector<std::int64_t>());
    const auto own = rows(all, fold.test)(arange(10))["x"].to_vector<std::int64_t>();
    tested.insert(tested.end(), own.begin(), own.end());
  }
  std::sort(tested.begin(), tested.end());
  std::vector<std::int64_t> numbers(40);
  std::iota(numbers.begin(), numbers.end(), 0);
  CHECK(tested == numbers);
  CHECK(error_of<ValueError>([&] {
          return rows(all, tensor({3, 2}));
        }) == "rows: those of a file dataset must ascend; got 2 behind 3");
  CHECK(error_of<ValueError>([&] { return rows(all, zeros({0}, Dtype::int64)); }) ==
        "rows: a file dataset needs rows; got no indices");
  CHECK(error_of<IndexError>([&] {
          return rows(all, tensor({0, 40}));
        }) == "rows: index must lie in [-40, 40); got 40");
  CHECK(error_of<IndexError>([&] { return part(tensor({8})); }) ==
        "file dataset: index must lie in [-8, 8); got 8");
  CHECK(error_of<ShapeError>([&] { return part(tensor(0)); }) ==
        "file dataset: indices must be [n]; got int64[]");
  CHECK(error_of<DtypeError>([&] { return part(tensor({0.0})); }) ==
        "file dataset: indices must be int64; got float32[1]");
  CHECK(error_of<ValueError>([&] { return data::Loader(all); }) ==
        "file dataset: a Loader needs 2 arrays, inputs and targets; got 1, for which there is "
        "NamedLoader");
}

TEST_CASE("file dataset: files that are wrong, each named") {
  const Files files;
  const std::string a = files.count<std::uint8_t>("a.npy", "|u1", "2, 3", 0, 6);
  const auto one = [&](const std::string& name, const std::string& text) {
    return io_error({{"x", {files.write(name, text)}}}).substr(files.directory.path().size() + 1);
  };
  const auto second = [&](const std::string& path) {
    const std::string error = io_error({{"x", {a, path}}});
    const std::string place = files.directory.path() + "/";
    std::string text = error;
    for (std::size_t at; (at = text.find(place)) != text.npos;) text.erase(at, place.size());
    return text;
  };
  const std::string whole = npy("<f4", "2, 3", count_from<float>(0, 6));
  CHECK(one("short.npy", whole.substr(0, whole.size() - 1)) ==
        "short.npy: the header says float32[2, 3], 24 bytes; the file holds 23");
  CHECK(one("long.npy", whole + "\n") ==
        "long.npy: the header says float32[2, 3], 24 bytes; the file holds 25");
  CHECK(one("head.npy", whole.substr(0, 60)) ==
        "head.npy: ends in the middle of the header of a .npy file");
  CHECK(one("empty.npy", "") == "empty.npy: must be a .npy file, which begins with \\x93NUMPY");
  CHECK(one("packed.npy", "\x1f\x8b\x08") ==
        "packed.npy: a packed file cannot be mapped; gunzip it first");
  CHECK(
      one("fortran.npy", npy_header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }") +
                             std::string(24, '\0')) ==
      "fortran.npy: rows must stand one behind another, in C order; got float32[2, 3] in Fortran "
      "order, which np.ascontiguousarray mends");
  CHECK(one("none.npy", npy<float>("<f4", "0, 3", {})) ==
        "none.npy: an array must have rows; got float32[0, 3]");
  CHECK(one("scalar.npy", npy<float>("<f4", "", {1})) ==
        "scalar.npy: an array must have rows; got float32[]");
  CHECK(one("nothing.npy", npy<float>("<f4", "100000000000000, 0", {})) ==
        "nothing.npy: rows must have elements; got float32[100000000000000, 0]");
  CHECK(io_error({{"x", {files.directory.file("gone.npy")}}})
            .ends_with("gone.npy: cannot be opened: No such file or directory"));
  CHECK(second(files.count<std::uint8_t>("wide.npy", "|u1", "1, 4", 0, 4)) ==
        "wide.npy: rows must be as in a.npy, uint8[3]; got uint8[4]");
  CHECK(second(files.count<std::int8_t>("signed.npy", "|i1", "1, 3", 0, 3)) ==
        "signed.npy: rows must be as in a.npy, uint8[3]; got int8[3]");
  CHECK(io_error({{"x", {a}}, {"y", {files.count<float>("y.npy", "<f4", "3,", 0, 3)}}}) ==
        files.directory.file("y.npy") + ": \"y\" must have as many rows as \"x\" in " + a +
            ", 2 in all files; got 3");
  const auto value_error = [](const std::vector<FileArray>& arrays) {
    return error_of<ValueError>([&] { return map_npy(arrays); });
  };
  CHECK(value_error({}) == "map_npy: arrays are needed; got none");
  CHECK(value_error({{"", {a}}}) == "map_npy: an array needs a name; got \"\"");
  CHECK(value_error({{"x", {a}}, {"x", {a}}}) == "map_npy: names must differ; got \"x\" twice");
  CHECK(value_error({{"x"}}) == "map_npy: files are needed; got none for \"x\"");
  const auto dtype_error = [&](const std::string& path, Dtype dtype, double scale = 1) {
    const std::string error = error_of<DtypeError>([&] {
      return map_npy({{"x", {path}, dtype, 0, scale}});
    });
    return error.substr(error.rfind('/') + 1);
  };
  const std::string floats = files.write("f.npy", whole);
  CHECK(dtype_error(floats, Dtype::int64) == "f.npy: float32 cannot become int64");
  CHECK(dtype_error(a, Dtype::boolean) == "a.npy: uint8 cannot become boolean");
  CHECK(dtype_error(a, Dtype::int64, 2) == "a.npy: scaled uint8 cannot become int64");
}

TEST_CASE("file dataset: numbers that the dtype does not hold") {
  const Files files;
  const auto error = [&](const std::string& text, std::optional<Dtype> dtype, double scale = 1,
                         double center = 0) {
    const FileDataset rows = map_npy({{"x", {files.write("x.npy", text)}, dtype, center, scale}});
    const std::string got = error_of<IoError>([&] { return rows(tensor({0, 2, 1})); });
    const std::size_t slash = got.rfind('/');
    return slash == std::string::npos ? got : got.substr(slash + 1);
  };
  const std::string none = "(nothing was thrown)";
  CHECK(error(npy<std::int32_t>("<i4", "3, 1", {1 << 24, -5, (1 << 24) + 1}), Dtype::float32) ==
        "x.npy: numbers must fit in float32; got 16777217 in row 2");
  CHECK(error(npy<std::int32_t>("<i4", "3, 1", {1 << 24, -5, (1 << 24) + 1}), Dtype::float64) ==
        none);
  CHECK(error(npy<std::int64_t>(">i8", "3, 1", {INT64_MIN, INT64_MAX, 0}), Dtype::float64) ==
        "x.npy: numbers must fit in float64; got 9223372036854775807 in row 1");
  CHECK(error(npy<std::uint64_t>("<u8", "3, 1", {1, 9223372036854775808U, 2}), {}) ==
        "x.npy: numbers must fit in int64; got 9223372036854775808 in row 1");
  CHECK(error(npy<std::uint64_t>("<u8", "3, 1", {1, 9223372036854775808U, 2}), Dtype::float32) ==
        none);
  CHECK(error(npy<std::uint64_t>("<u8", "3, 1", {1, UINT64_MAX, 2}), Dtype::float32) ==
        "x.npy: numbers must fit in float32; got 18446744073709551615 in row 1");
  CHECK(error(npy<double>("<f8", "3, 1", {1, 1e39, 2}), Dtype::float32) ==
        "x.npy: numbers must fit in float32; got 1e+39 in row 1");
  CHECK(error(npy<double>("<f8", "3, 1", {1, INFINITY, NAN}), Dtype::float32) == none);
  CHECK(error(npy<double>("<f8", "3, 1", {1, INFINITY, NAN}), Dtype::float32, 1e-30) == none);
  CHECK(error(npy<float>("<f4", "3, 1", {1, 1e30F, 2}), Dtype::float32, 1e-30) ==
        "x.npy: scaled numbers must fit in float32; got 1e+30 in row 1");
  CHECK(error(npy<char>("|b1", "3, 1", {1, 0, 2}), {}) ==
        "x.npy: bools must be 0 or 1; got 2 in row 2");
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const std::string text = npy<char>("|b1", "3, 1", {1, 7, 0});
    for (const double scale : {1.0, 0.5}) {
      for (const double center : {0.0, 0.5})
        CHECK(error(text, dtype, scale, center) == "x.npy: bools must be 0 or 1; got 7 in row 1");
    }
  }
}

TEST_CASE("file dataset: files that change while they are read") {
  const Files files;
  const std::string path = files.count<float>("x.npy", "<f4", "2000, 3", 0, 6000);
  const FileDataset rows = map_npy({{"x", {path}}});
  data::TensorLoader loader(rows, {.batch_size = 100});
  auto at = loader.begin();
  CHECK((*at)[0].extent(0) == 100);
  std::filesystem::resize_file(path, 128 + 4 * 600);
  CHECK(error_of<IoError>([&] { return *++at; }) ==
        path + ": must not change while it is read; had 24128 bytes, has 2528");
  CHECK(error_of<IoError>([&] { return rows(tensor({0})); }) ==
        path + ": must not change while it is read; had 24128 bytes, has 2528");
  const std::string other = files.count<float>("other.npy", "<f4", "2000, 3", 0, 6000);
  std::filesystem::rename(other, path);
  CHECK(error_of<IoError>([&] { return rows(tensor({0})); }) ==
        path + ": must not change while it is read; it is another file now");
  std::filesystem::remove(path);
  CHECK(error_of<IoError>([&] { return rows(tensor({0})); }) ==
        path + ": cannot be read any more: No such file or directory");
}
