#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using data::Dataset;
using data::Loader;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

/// Row i holds 10 i, 10 i + 1 and 10 i + 2; its label is i.
Dataset numbered(std::int64_t rows) {
  Doubles values;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (const double j : {0.0, 1.0, 2.0}) values.push_back(10 * static_cast<double>(i) + j);
  }
  return {from_vector(values, {rows, 3}), arange(rows)};
}

/// The labels of a pass, batch by batch; checks that each row of x came with its label.
std::vector<Integers> pass(Loader& loader) {
  std::vector<Integers> batches;
  for (auto [x, y] : loader) {
    const Integers labels = y.to_vector<std::int64_t>();
    const Doubles values = x.to_vector<double>();
    REQUIRE(values.size() == 3 * labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const double first = 10 * static_cast<double>(labels[i]);
      CHECK(Doubles(values.begin() + static_cast<std::ptrdiff_t>(3 * i),
                    values.begin() + static_cast<std::ptrdiff_t>(3 * i + 3)) ==
            Doubles{first, first + 1, first + 2});
    }
    batches.push_back(labels);
  }
  return batches;
}

Integers joined(const std::vector<Integers>& batches) {
  Integers all;
  for (const Integers& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

}  // namespace

TEST_CASE("loader in order") {
  Loader loader(numbered(7), {.batch_size = 3});
  CHECK(loader.size() == 3);
  CHECK(loader.samples() == 7);
  CHECK(pass(loader) == std::vector<Integers>{{0, 1, 2}, {3, 4, 5}, {6}});
  CHECK(pass(loader) == std::vector<Integers>{{0, 1, 2}, {3, 4, 5}, {6}});
}

TEST_CASE("loader leaves out a small last batch if asked to") {
  Loader loader(numbered(7), {.batch_size = 3, .drop_last = true});
  CHECK(loader.size() == 2);
  CHECK(loader.samples() == 6);
  CHECK(pass(loader) == std::vector<Integers>{{0, 1, 2}, {3, 4, 5}});
  Loader whole(numbered(6), {.batch_size = 3, .drop_last = true});
  CHECK(pass(whole).size() == 2);
  Loader none(numbered(2), {.batch_size = 3, .drop_last = true});
  CHECK(none.size() == 0);
  CHECK(pass(none).empty());
}

TEST_CASE("batches may be larger than the dataset, and the dataset empty") {
  Loader loader(numbered(2), {.batch_size = INT64_MAX});
  CHECK(pass(loader) == std::vector<Integers>{{0, 1}});
  Loader empty(numbered(0), {.batch_size = 4, .shuffle = true});
  CHECK(empty.size() == 0);
  CHECK(pass(empty).empty());
}

TEST_CASE("a shuffled pass takes each row once, in a new order each time") {
  Rng rng(3);
  Loader loader(numbered(100), {.batch_size = 32, .shuffle = true}, rng);
  Integers before(100);
  std::iota(before.begin(), before.end(), 0);
  for (int epoch = 0; epoch < 5; ++epoch) {
    const std::vector<Integers> batches = pass(loader);
    REQUIRE(batches.size() == 4);
    CHECK(batches.back().size() == 4);
    const Integers order = joined(batches);
    CHECK(order != before);
    before = order;
    Integers sorted = order;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == arange(100).to_vector<std::int64_t>());
  }
}

TEST_CASE("the orders follow from the seed alone") {
  Rng first(5), second(5), other(6);
  Loader a(numbered(50), {.batch_size = 8, .shuffle = true}, first);
  Loader b(numbered(50), {.batch_size = 8, .shuffle = true}, second);
  Loader c(numbered(50), {.batch_size = 8, .shuffle = true}, other);
  const std::vector<Integers> once = pass(a);
  second.normal();  // what else is drawn does not matter
  CHECK(pass(b) == once);
  CHECK(pass(a) == pass(b));
  CHECK(pass(c) != once);
  Rng untouched(5);
  Loader ordered(numbered(50), {}, untouched);
  CHECK(untouched == Rng(5));
}

TEST_CASE("passes at the same time do not disturb each other") {
  Rng rng(0), twin(0);
  Loader loader(numbered(9), {.batch_size = 3, .shuffle = true}, rng);
  Loader expected(numbered(9), {.batch_size = 3, .shuffle = true}, twin);
  const Integers first = joined(pass(expected)), second = joined(pass(expected));
  Integers seen_first, seen_second;
  auto a = loader.begin();
  for (auto b = loader.begin(); b != loader.end(); ++a, ++b) {
    for (const std::int64_t label : (*a).y.to_vector<std::int64_t>()) seen_first.push_back(label);
    for (const std::int64_t label : (*b).y.to_vector<std::int64_t>()) seen_second.push_back(label);
  }
  CHECK(seen_first == first);
  CHECK(seen_second == second);
}

TEST_CASE("batches are constants, of any dtype, rank and stride") {
  const Tensor images = arange(0, 24).to(Dtype::float32);
  const Tensor leaf = reshape(images, {4, 3, 2}).clone().set_requires_grad(true);
  const Tensor flipped = flip(arange(4), 0);
  for (const bool shuffle : {false, true}) {
    Rng rng(0);
    Loader loader({leaf, flipped}, {.batch_size = 2, .shuffle = shuffle}, rng);
    for (auto [x, y] : loader) {
      CHECK(x.shape() == Shape{2, 3, 2});
      CHECK(!x.requires_grad());
      for (std::int64_t i = 0; i < 2; ++i) {
        const double row = 3 - slice(y, {i}).item();  // label 3 belongs to row 0
        CHECK(slice(x, {i, 2, 1}).item() == 6 * row + 5);
      }
    }
  }
  Rng rng(0);
  Loader one_hot({images, zeros({24, 5})}, {.batch_size = 24, .shuffle = true}, rng);
  CHECK((*one_hot.begin()).y.shape() == Shape{24, 5});
}

TEST_CASE("a pass leaves no memory behind and, after the first, takes none from the system") {
  Rng rng(0);
  Loader loader(numbered(1000), {.batch_size = 64, .shuffle = true}, rng);
  const auto run = [&] {
    std::int64_t rows = 0;
    for (auto [x, y] : loader) rows += y.size();
    return rows;
  };
  run();
  const std::int64_t live = memory::live_bytes(), cached = memory::cached_bytes();
  CHECK(run() == 1000);
  CHECK(memory::live_bytes() == live);
  CHECK(memory::cached_bytes() == cached);
}

TEST_CASE("loader refuses") {
  const Dataset good = numbered(4);
  CHECK(error_of<ValueError>([&] { return Loader(good, {.batch_size = 0}).size(); }) ==
        "loader: batch_size must be at least 1; got 0");
  CHECK(error_of<ShapeError>([&] {
          return Loader({good.x, arange(5)}).size();
        }) == "loader: x and y must have the same number of rows; got float64[4, 3] and int64[5]");
  CHECK_THROWS_AS(Loader({good.x, tensor(1)}), ShapeError);
  const std::string rule = " must be defined; got an undefined tensor";
  CHECK(error_of<ValueError>([&] { return Loader({Tensor(), good.y}); }) == "loader: x" + rule);
  CHECK(error_of<ValueError>([&] { return Loader({good.x, Tensor()}); }) == "loader: y" + rule);
  CHECK(error_of<ValueError>([&] {
          return data::TensorLoader({good.x, Tensor()}, {});
        }) == "loader: tensor 1" + rule);
  CHECK(error_of<ValueError>([&] {
          return data::NamedLoader(data::NamedDataset{{"x", good.x}, {"age", Tensor()}}, {});
        }) == "loader: \"age\"" + rule);
}

TEST_CASE("a loader of many tensors gives the rows of all that belong together") {
  const Tensor words = reshape(arange(14), {7, 2}), picture = arange(7).to(Dtype::float32) * 0.5;
  const Tensor label = arange(7);
  const std::vector<Tensor> all{words, picture, label};
  for (const std::int64_t prefetch : {0, 2}) {
    Rng rng(3), same(3);
    data::TensorLoader loader(all, {.batch_size = 3, .shuffle = true, .prefetch = prefetch}, rng);
    Loader pair({words, label}, {.batch_size = 3, .shuffle = true}, same);
    CHECK(loader.size() == 3);
    CHECK(loader.samples() == 7);
    for (int pass = 0; pass < 2; ++pass) {
      auto other = pair.begin();
      Integers seen;
      for (const data::TensorList& batch : loader) {
        REQUIRE(batch.size() == 3);
        const Integers labels = batch[2].to_vector<std::int64_t>();
        CHECK(labels == (*other).y.to_vector<std::int64_t>());
        ++other;
        for (std::size_t i = 0; i < labels.size(); ++i) {
          const auto row = static_cast<std::int64_t>(i);
          CHECK(batch[0](row, 0).item() == 2.0 * static_cast<double>(labels[i]));
          CHECK(batch[1](row).item() == 0.5 * static_cast<double>(labels[i]));
        }
        seen.insert(seen.end(), labels.begin(), labels.end());
      }
      std::sort(seen.begin(), seen.end());
      CHECK(seen == Integers{0, 1, 2, 3, 4, 5, 6});
    }
  }
}

TEST_CASE("a loader of many tensors transforms batches and goes on from its state") {
  const auto doubled = [](const data::TensorList& batch, Rng&) {
    return data::TensorList{batch[0] + batch[0]};
  };
  data::TensorLoader loader({arange(5), arange(5)}, {.batch_size = 2, .transform = doubled});
  auto place = loader.begin();
  CHECK((*place).size() == 1);
  CHECK((*place)[0].to_vector<std::int64_t>() == Integers{0, 2});
  const NamedTensors state = loader.state();
  data::TensorLoader other({arange(5), arange(5)}, {.batch_size = 2, .transform = doubled});
  other.restore(state);
  CHECK((*other.begin())[0].to_vector<std::int64_t>() == Integers{4, 6});

  CHECK(error_of<ValueError>([] { data::TensorLoader(data::TensorList{}); }) ==
        "loader: tensors are needed; got none");
  CHECK(error_of<ShapeError>([] {
          data::TensorLoader({arange(5), arange(4)});
        }) == "loader: all tensors must have the same number of rows; got int64[5] and int64[4]");
  CHECK(error_of<ShapeError>([] {
          data::TensorLoader({arange(5), zeros({})});
        }) == "loader: all tensors must have the same number of rows; got int64[5] and float32[]");
}
