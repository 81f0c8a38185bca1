#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/split.hpp>
#include <xtape/data/windows.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/regression_loss.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/train/fit.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::Dataset;
using data::Loader;
using data::NamedDataset;
using data::NamedLoader;
using data::TensorList;
using data::TensorLoader;
using data::Windows;
using Integers = std::vector<std::int64_t>;

namespace {

/// A sample whose tensors tell its row.
Dataset sample_of(std::int64_t row) { return {tensor({row, 10 * row}), tensor(row)}; }

}  // namespace

TEST_CASE("a loader of samples that a function makes gives what a loader of all of them does") {
  for (const bool shuffle : {false, true}) {
    for (const std::int64_t prefetch : {0, 3}) {
      Rng one(4), other(4);
      std::vector<Tensor> x;
      for (std::int64_t row = 0; row < 11; ++row) x.push_back(sample_of(row).x);
      Loader whole({stack(x), arange(11)}, {.batch_size = 4, .shuffle = shuffle}, one);
      Loader made(11, sample_of, {.batch_size = 4, .shuffle = shuffle, .prefetch = prefetch},
                  other);
      CHECK(made.size() == 3);
      CHECK(made.samples() == 11);
      CHECK_FALSE(made.data().x.defined());
      for (int pass = 0; pass < 2; ++pass) {
        auto expected = whole.begin();
        for (const auto& [batch_x, batch_y] : made) {
          CHECK(mismatch(batch_x, (*expected).x) == "");
          CHECK(mismatch(batch_y, (*expected).y) == "");
          ++expected;
        }
        CHECK(expected == whole.end());
      }
    }
  }
}

TEST_CASE("samples are made when they are asked for, with nothing recorded") {
  const Tensor weight = tensor({2.0}).set_requires_grad(true);
  std::int64_t calls = 0;
  TensorLoader loader(6,
                      [&](std::int64_t row) {
                        ++calls;
                        CHECK_FALSE((weight * row).requires_grad());
                        return TensorList{weight * row};
                      },
                      {.batch_size = 2});
  CHECK(calls == 0);
  auto place = loader.begin();
  const TensorList batch = *place;
  CHECK(calls == 2);
  CHECK(values(batch[0]) == Doubles{0, 2});
  CHECK_FALSE(batch[0].requires_grad());
}

TEST_CASE(
    "what samples and transforms draw is the same however batches are made, and in a run that goes "
    "on") {
  const auto drawn = [](std::int64_t row) {
    return Dataset{default_rng().normal({2}) + static_cast<double>(row), tensor(row)};
  };
  const auto moved = [](const Dataset& batch, Rng& rng) {
    return Dataset{batch.x + rng.uniform() + default_rng().uniform(), batch.y};
  };
  const auto loader_of = [&](std::int64_t prefetch) {
    Rng rng(4);
    return Loader(11, drawn, {.batch_size = 4, .transform = moved, .prefetch = prefetch}, rng);
  };
  Loader now = loader_of(0), ahead = loader_of(3), half = loader_of(2);
  std::vector<Tensor> all;
  for (int pass = 0; pass < 2; ++pass) {
    seed(static_cast<std::uint64_t>(pass));  // what others draw
    const Rng before = default_rng();
    auto other = ahead.begin();
    for (const auto& [x, y] : now) {
      CHECK(mismatch((*other).x, x) == "");
      for (const Tensor& earlier : all) CHECK(mismatch(earlier, x) != "");
      all.push_back(x);
      ++other;
    }
    CHECK(default_rng() == before);
  }
  {
    auto begun = half.begin();
    CHECK(mismatch((*begun).x, all[0]) == "");
  }
  auto begun = half.begin();  // the second pass
  static_cast<void>(*begun);
  ++begun;
  static_cast<void>(*begun);
  Loader resumed = loader_of(0);
  resumed.restore(half.state());
  CHECK(mismatch((*resumed.begin()).x, all[5]) == "");
}

TEST_CASE("samples that are unlike") {
  const auto error = [](const data::SampleFunction<TensorList>& sample) -> std::string {
    TensorLoader loader(3, sample, {.batch_size = 3});
    try {
      static_cast<void>(*loader.begin());
    } catch (const Error& wrong) {
      return wrong.what();
    }
    return "(nothing was thrown)";
  };
  CHECK(error([](std::int64_t row) { return TensorList{zeros({row < 2 ? 3 : 4})}; }) ==
        "loader: samples must be alike; got float32[3] in that of row 0 and float32[4] in that of "
        "row 2");
  CHECK(error([](std::int64_t row) {
          return TensorList{zeros({2}, row == 0 ? Dtype::float32 : Dtype::int64)};
        }) ==
        "loader: samples must be alike; got float32[2] in that of row 0 and int64[2] in that of "
        "row 1");
  CHECK(error([](std::int64_t row) { return TensorList(row == 0 ? 1U : 2U, zeros({2})); }) ==
        "loader: a sample needs 1 tensors, as row 0 has; got 2 in that of row 1");
  CHECK(error([](std::int64_t) { return TensorList{}; }) ==
        "loader: a sample needs 0 tensors, as row 0 has; got 0 in that of row 0");
  CHECK(error([](std::int64_t) {
          return TensorList{Tensor()};
        }).starts_with("loader: each tensor of a sample"));
  CHECK(error([](std::int64_t row) -> TensorList {
          if (row == 1) throw IoError("a.png: is damaged");
          return {zeros({})};
        }) == "a.png: is damaged");
  NamedLoader names(2, [](std::int64_t row) {
    return NamedDataset{{row == 0 ? "a" : "b", zeros({})}};
  });
  CHECK(error_of<ValueError>([&] { return *names.begin(); }) ==
        "loader: the names of samples must be alike; they are not in those of rows 0 and 1");
  CHECK(error_of<ValueError>([] { return Loader(3, data::SampleFunction<Dataset>()); }) ==
        "loader: a function that makes samples is needed; got an empty one");
  Loader none(0, sample_of);
  CHECK(none.size() == 0);
}

TEST_CASE("datasets by name, in batches") {
  const NamedDataset all{{"image", reshape(arange(10), {5, 2})}, {"age", arange(5)}};
  CHECK(mismatch(all["age"], arange(5)) == "");
  CHECK(error_of<ValueError>([&] { return all["label"]; }) ==
        "dataset: there is no \"label\"; there are \"image\", \"age\"");
  CHECK(error_of<ValueError>([] { return NamedDataset()["x"]; }) ==
        "dataset: there is no \"x\"; there is nothing");
  CHECK(error_of<ValueError>([] {
          return NamedDataset{{"a", ones({2})}, {"a", ones({2})}};
        }) == "dataset: names must differ; got \"a\" twice");
  NamedLoader loader(all,
                     {.batch_size = 2, .transform = [](const NamedDataset& batch, Rng&) {
                        return NamedDataset{{"image", batch["image"]}, {"age", batch["age"] * 2}};
                      }});
  std::vector<Doubles> ages;
  for (const NamedDataset& batch : loader) {
    CHECK(batch["image"].extent(0) == batch["age"].extent(0));
    ages.push_back(values(batch["age"]));
  }
  CHECK(ages == std::vector<Doubles>{{0, 2}, {4, 6}, {8}});
  CHECK_THROWS_AS(NamedLoader(NamedDataset{{"a", ones({2})}, {"b", ones({3})}}), ShapeError);
  CHECK_THROWS_AS(NamedLoader(NamedDataset()), ValueError);
}

TEST_CASE(
    "fit: batches by name, and samples that a function makes, from a checkpoint to the same bits") {
  const TemporaryDirectory directory;
  const auto run = [&](std::int64_t epochs, const std::string& folder) {
    Rng rng(6);
    nn::Dense model(2, 1, {}, rng);
    optim::SGD optimizer(model, {.learning_rate = 0.1});
    NamedLoader loader(
        12,
        [](std::int64_t row) {
          const double v = static_cast<double>(row) / 12;
          return NamedDataset{{"in", tensor({v, 1 - v})}, {"out", tensor({v * v})}};
        },
        {.batch_size = 5, .shuffle = true, .prefetch = 1}, rng);
    const NamedDataset validation{{"in", tensor({{0.0, 1.0}, {1.0, 0.0}})},
                                  {"out", tensor({{0.0}, {1.0}})}};
    FitOptions options{.epochs = epochs, .validation = validation};
    if (!folder.empty()) options.folder = {.path = directory.file(folder), .resume = true};
    Fit fit(
        model, optimizer, loader,
        [&](const NamedDataset& batch) {
          return nn::mean_squared_error(model(batch["in"]), batch["out"]);
        },
        options);
    const History history = fit.run();
    CHECK(history["validation_loss"].back() < history["validation_loss"].front());
    return model.weight.clone();
  };
  const Tensor at_once = run(6, "");
  run(3, "run");
  CHECK(mismatch(run(6, "run"), at_once) == "");
}

TEST_CASE("windows of a series") {
  const Tensor series = reshape(arange(20), {10, 2});  // rows {2 t, 2 t + 1}
  const Windows windows(
      series, {.length = 3, .horizon = 2, .stride = 2, .features = {1}, .targets = {0, -1}});
  CHECK(windows.size() == 3);
  const auto [x, y] = windows(1);
  CHECK(mismatch(x, tensor({{5}, {7}, {9}})) == "");
  CHECK(mismatch(y, tensor({{10, 11}, {12, 13}})) == "");
  const Dataset all = windows.all();
  CHECK(all.x.describe() == "int64[3, 3, 1]");
  CHECK(all.y.describe() == "int64[3, 2, 2]");
  CHECK(mismatch(all.x[1], x) == "");
  Loader loader(windows.size(), windows, {.batch_size = 3});
  CHECK(mismatch((*loader.begin()).y, all.y) == "");

  const Windows plain(arange(6), {.length = 2});
  CHECK(plain.size() == 4);
  CHECK(values(plain(3).x) == Doubles{3, 4});
  CHECK(values(plain(3).y) == Doubles{5});
  CHECK(Windows(series, {.length = 8, .horizon = 2}).size() == 1);
  CHECK(Windows(series, {.length = 7, .horizon = 2, .stride = 2}).size() == 1);
}

TEST_CASE("a gap of windows keeps what is tested on out of training") {
  for (const std::int64_t stride : {1, 2, 3, 5, 10}) {
    const std::int64_t length = 7, horizon = 2;
    const Windows windows(arange(400), {.length = length, .horizon = horizon, .stride = stride});
    const std::int64_t gap = (length + horizon + stride - 1) / stride - 1;
    const data::Fold fold = data::block_split(windows.size(), 0.25, {.gap = gap});
    const auto last = values(windows(fold.train.to_vector<std::int64_t>().back()).y).back();
    const auto first = values(windows(fold.test.to_vector<std::int64_t>().front()).x).front();
    CHECK(last < first);
    CHECK(last + static_cast<double>(stride) >= first);  // and no window more than that
  }
}

TEST_CASE("windows that are none") {
  const Tensor series = reshape(arange(20), {10, 2});
  CHECK(error_of<ShapeError>([] {
          return Windows(zeros({2, 2, 2}), {});
        }) == "windows: a series must be [time] or [time, columns]; got float32[2, 2, 2]");
  CHECK_THROWS_AS(Windows(tensor(1.0), {}), ShapeError);
  CHECK(error_of<ValueError>([&] { return Windows(series, {.length = 9, .horizon = 2}); }) ==
        "windows: length and horizon together must be at most the rows, 10; got 9 and 2");
  CHECK(error_of<IndexError>([&] { return Windows(series, {.features = {2}}); }) ==
        "windows: a column must lie in [-2, 2); got 2");
  CHECK_THROWS_AS(Windows(series, {.targets = {-3}}), IndexError);
  CHECK_THROWS_AS(Windows(arange(5), {.targets = {0}}), ValueError);
  const Windows windows(series, {});
  for (const std::int64_t window : {-1, 9}) {
    CHECK(error_of<IndexError>([&] { return windows(window); }) ==
          "windows: a window must lie in [0, 9); got " + std::to_string(window));
  }
}
