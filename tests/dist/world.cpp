#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

TEST_CASE("world: every rank once") {
  const dist::World& world = the_world();
  const double own = world.rank();
  const std::vector<double> ranks = world.gather({&own, 1});
  std::vector<double> expected(static_cast<std::size_t>(world.size()));
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(ranks == expected);
}

TEST_CASE("world: sums, least and greatest of all ranks") {
  const dist::World& world = the_world();
  const int n = world.size(), rank = world.rank();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::int64}) {
    const Tensor x = (arange(6) + rank).to(dtype);
    const Tensor y = world.all_reduce(reshape(x, {2, 3}));
    CHECK(y.shape() == Shape{2, 3});
    CHECK(y.dtype() == dtype);
    std::vector<double> sums;  // n i + 0 + 1 + ... + n - 1
    for (int i = 0; i < 6; ++i) sums.push_back(n * i + n * (n - 1) / 2);
    CHECK(y.to(Dtype::float64).to_vector<double>() == sums);
    CHECK(world.all_reduce(x, dist::Reduction::minimum)[0].item() == 0);
    CHECK(world.all_reduce(x, dist::Reduction::maximum)[0].item() == n - 1);
  }
  const Tensor strided = transpose(reshape(arange(6), {2, 3}).to(Dtype::float64));
  CHECK(world.all_reduce(strided).to_vector<double>() == (strided * double(n)).to_vector<double>());
  CHECK(world.all_reduce(zeros({0, 3})).shape() == Shape{0, 3});
  std::vector<double> sums{1, double(rank)};
  world.sum(sums);
  CHECK(sums == std::vector<double>{double(n), n * (n - 1) / 2.0});
}

TEST_CASE("world: NaN of any rank is the least and the greatest, and zeros have their order") {
  const dist::World& world = the_world();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (int which = 0; which < world.size(); ++which) {
      CAPTURE(which);
      const bool own = world.rank() == which;
      const Tensor x = full({2}, own ? std::nan("") : 5.0, dtype),
                   zero = full({1}, own ? 0.0 : -0.0, dtype);
      for (const auto reduction : {dist::Reduction::minimum, dist::Reduction::maximum})
        CHECK(std::isnan(world.all_reduce(x, reduction)[0].item()));
      CHECK(!std::signbit(world.all_reduce(zero, dist::Reduction::maximum)[0].item()));
      CHECK(std::signbit(world.all_reduce(zero, dist::Reduction::minimum)[0].item()) ==
            (world.size() > 1));
    }
  }
}

TEST_CASE("world: as many numbers on all ranks") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  std::vector<double> numbers(world.rank() == 0 ? 2 : 3, 1.0);
  const std::string end = ": all ranks must have as many numbers; got 2 on rank 0 and 3 on rank 1";
  CHECK(error_of<ValueError>([&] { return world.gather(numbers).size(); }) == "gather" + end);
  CHECK(error_of<ValueError>([&] {
          world.sum(numbers);
          return 0;
        }) == "sum" + end);
}

TEST_CASE("world: a sum has the same bits on all ranks") {
  const dist::World& world = the_world();
  Rng rng(static_cast<std::uint64_t>(world.rank()));
  const Tensor y = world.all_reduce(rng.normal({10007}));
  CHECK(world.all_reduce(y, dist::Reduction::minimum).to_vector<double>() == y.to_vector<double>());
  CHECK(world.all_reduce(y, dist::Reduction::maximum).to_vector<double>() == y.to_vector<double>());
}

TEST_CASE("world: what rank 0 has") {
  const dist::World& world = the_world();
  const bool first = world.rank() == 0;
  const NamedTensors own{{"a", arange(5) + world.rank()},
                         {"b", full({2}, first ? 0.5 : -1, Dtype::float64)},
                         {"c", full({3}, first, Dtype::boolean)},
                         {"d", full({}, first ? 2 : 3, Dtype::float32)}};
  const NamedTensors all = world.broadcast(own);
  REQUIRE(all.size() == 4);
  CHECK(all[0].second.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(all[1].second.to_vector<double>() == std::vector<double>{0.5, 0.5});
  CHECK(all[2].second.to_vector<bool>() == std::vector<bool>{true, true, true});
  CHECK(all[3].second.item() == 2);
  CHECK(world.broadcast(first ? std::string("of rank 0") : std::string()) == "of rank 0");
  CHECK(world.broadcast(std::string(first ? "" : "longer")).empty());
}

TEST_CASE("world: ranks that differ are refused on all, and go on") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const bool last = world.rank() == world.size() - 1;
  const std::string on = " on rank " + std::to_string(world.size() - 1);
  CHECK(error_of<ShapeError>([&] { return world.all_reduce(zeros({last ? 3 : 2})); }) ==
        "all_reduce: tensors must be of one shape and dtype on all ranks; got float32[2] on rank 0 "
        "and float32[3]" +
            on);
  CHECK(error_of<ValueError>([&] {
          return world.broadcast({{"a", zeros({1})}, {last ? "b" : "c", zeros({2})}});
        }) ==
        "broadcast: all ranks must have the same names, shapes and dtypes; got c float32[2] on "
        "rank 0 and b float32[2]" +
            on);
  nn::Sequential model{nn::Dense(2, 3), nn::Dense(3, last ? 4 : 5)};
  CHECK(error_of<ValueError>([&] {
          dist::broadcast(model, world);
          return 0;
        }) ==
        "broadcast: all ranks must have the same names, shapes and dtypes; got 1.weight "
        "float32[3, 5] on rank 0 and 1.weight float32[3, 4]" +
            on);
  CHECK(error_of<ValueError>([&] { return dist::Overlapped(model, world).world().size(); }) ==
        "overlapped: models and options must be the same on all ranks; got 1.weight "
        "float32[3, 5] on rank 0 and 1.weight float32[3, 4]" +
            on);
  const nn::Dense same(2, 2);
  CHECK(error_of<ValueError>([&] {
          return dist::Overlapped(same, world, {.bucket = last ? 8 : 16}).world().size();
        }) ==
        "overlapped: models and options must be the same on all ranks; got buckets of 1048576 and "
        "16 bytes on rank 0 and buckets of 1048576 and 8 bytes" +
            on);
  world.barrier();
}

TEST_CASE("world: bad input") {
  const dist::World& world = the_world();
  int argc = 0;
  char** argv = nullptr;
  CHECK(error_of<ValueError>([&] { return dist::World(argc, argv).size(); }) ==
        "world: there must be one of the whole program; got a second");
  CHECK_THROWS_AS(world.all_reduce(full({2}, true, Dtype::boolean)), DtypeError);
  const nn::Dense model(2, 2);
  CHECK_THROWS_AS(dist::Overlapped(model, world, {.first_bucket = 0}), ValueError);
  CHECK_THROWS_AS(dist::Overlapped(model, world, {.bucket = -1}), ValueError);
  dist::Overlapped overlapped(model, world);
  const Tensor loss = sum(model(ones({2, 2})));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double samples : {-1.0, nan, std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(overlapped.backward(loss, samples), ValueError);
    CHECK_THROWS_AS(overlapped.accumulate(loss, samples), ValueError);
    CHECK_THROWS_AS(dist::average_gradients(model, world, samples), ValueError);
  }
  CHECK_THROWS_AS(overlapped.backward(loss, 0), ValueError);  // on all ranks: a mean over none
  CHECK_THROWS_AS(overlapped.backward({}, 1), ValueError);
}

TEST_CASE("world: a model becomes that of rank 0") {
  const dist::World& world = the_world();
  Rng rng(static_cast<std::uint64_t>(10 + world.rank())), first(10);
  nn::Sequential model{nn::Dense(2, 3, {}, rng), nn::BatchNorm1d(3), nn::Dropout(0.5, rng)};
  const nn::Sequential expected{nn::Dense(2, 3, {}, first), nn::BatchNorm1d(3),
                                nn::Dropout(0.5, first)};
  dist::broadcast(model, world);
  const NamedTensors own = model.state(), all = expected.state();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].first);
    CHECK(own[i].second.to_vector<double>() == all[i].second.to_vector<double>());
  }
}
