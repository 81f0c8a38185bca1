// Gradients that ranks make together, against those that one process makes of all samples.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

/// Rank r has rows [first, last) of all: r + 1 of them, or none of the ranks in `without`.
struct Rows {
  std::int64_t first = 0, last = 0, all = 0;
};
Rows rows_of(const dist::World& world, int without = -1) {
  Rows rows;
  for (int rank = 0; rank < world.size(); ++rank) {
    if (rank == world.rank()) rows.first = rows.all;
    if (rank != without) rows.all += rank + 1;
    if (rank == world.rank()) rows.last = rows.all;
  }
  return rows;
}

struct Model : nn::Module {
  explicit Model(Rng& rng)
      : hidden(child("hidden", nn::Dense(3, 5, {}, rng))),
        out(child("out", nn::Dense(5, 2, {}, rng))),
        rare(child("rare", nn::Dense(5, 2, {}, rng))),
        never(child("never", nn::Dense(1, 1, {}, rng))) {
    to(Dtype::float64);
  }
  nn::Dense hidden, out, rare, never;

  Tensor operator()(const Tensor& x, bool rarely) const {
    const Tensor h = tanh(hidden(x));
    return rarely ? out(h) + rare(h) : out(h);
  }
};

struct Data {
  Tensor x, y;
  Data(std::int64_t rows, Rng& rng)
      : x(rng.normal({rows, 3}).to(Dtype::float64)), y(rng.normal({rows, 2}).to(Dtype::float64)) {}
  Tensor loss(const Model& model, std::int64_t first, std::int64_t last, bool rarely) const {
    const auto part = [&](const Tensor& t) { return slice(t, {range(first, last)}); };
    return nn::mean_squared_error(model(part(x), rarely), part(y));
  }
};

void check_near(const Tensor& a, const Tensor& b, double tolerance) {
  REQUIRE(a.defined() == b.defined());
  if (!a.defined()) return;
  const Values left = a.to(Dtype::float64).to_vector<double>(),
               right = b.to(Dtype::float64).to_vector<double>();
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i)
    CHECK(std::abs(left[i] - right[i]) <= tolerance * (std::abs(right[i]) + 0.01));
}

void check_gradients(const Model& model, const Model& expected, double tolerance = 1e-13) {
  const NamedTensors own = model.named_parameters(), all = expected.named_parameters();
  for (std::size_t i = 0; i < own.size(); ++i) {
    CAPTURE(own[i].first);
    check_near(own[i].second.grad(), all[i].second.grad(), tolerance);
  }
}

}  // namespace

TEST_CASE("average_gradients: the mean over the samples of all ranks") {
  const dist::World& world = the_world();
  for (const int without : {-1, 0}) {  // one rank may have no samples
    const bool some = without != world.rank();
    if (without == 0 && world.size() == 1) continue;
    Rng rng(1);
    const Model model(rng);
    const Rows rows = rows_of(world, without);
    const Data data(rows.all, rng);
    const Model expected = nn::clone(model);
    data.loss(expected, 0, rows.all, false).backward();
    if (some) data.loss(model, rows.first, rows.last, false).backward();
    const double samples = some ? double(rows.last - rows.first) : 0;
    CHECK(dist::average_gradients(model, world, samples) == double(rows.all));
    check_gradients(model, expected);
    CHECK(!model.never.weight.grad().defined());
  }
}

TEST_CASE("overlapped: the mean over the samples of all ranks, in buckets of any size") {
  const dist::World& world = the_world();
  for (const std::int64_t bucket : {1, 100, 250, 1 << 20}) {
    for (const int without : {-1, 0}) {
      if (without == 0 && world.size() == 1) continue;
      CAPTURE(bucket);
      CAPTURE(without);
      Rng rng(2);
      const Model model(rng);
      const Rows rows = rows_of(world, without);
      const Data data(rows.all, rng);
      const Model expected = nn::clone(model);
      dist::Overlapped overlapped(model, world, {.first_bucket = bucket, .bucket = bucket});
      for (int pass = 0; pass < 2; ++pass) {  // gradients are added
        // What only some ranks use is complete on none of the others, and nobody waits.
        const bool rarely = world.rank() == world.size() - 1;
        Tensor loss = data.loss(expected, 0, rows.all, false);
        const std::int64_t rare = world.size();
        if (without != world.size() - 1) {
          const Tensor with = data.loss(expected, rows.all - rare, rows.all, true),
                       plain = data.loss(expected, rows.all - rare, rows.all, false);
          loss = loss + (with - plain) * (double(rare) / double(rows.all));
        }
        loss.backward();
        const bool some = without != world.rank();
        const double samples = some ? double(rows.last - rows.first) : 0;
        const Tensor own = some ? data.loss(model, rows.first, rows.last, rarely) : Tensor();
        CHECK(overlapped.backward(own, samples) == double(rows.all));
      }
      check_gradients(model, expected);
      CHECK(!model.never.weight.grad().defined());
    }
  }
}

TEST_CASE("overlapped: gradients of several batches, and their norm clipped") {
  const dist::World& world = the_world();
  Rng rng(3);
  const Model model(rng);
  const Rows rows = rows_of(world);
  const Data data(rows.all, rng);
  const Model expected = nn::clone(model);
  data.loss(expected, 0, rows.all, false).backward();
  dist::Overlapped overlapped(model, world, {.first_bucket = 64, .bucket = 64});
  for (int pass = 0; pass < 2; ++pass) {
    model.zero_grad();
    for (std::int64_t row = rows.first; row < rows.last; ++row) {
      const Tensor loss = data.loss(model, row, row + 1, false);
      if (row + 1 < rows.last) {
        overlapped.accumulate(loss, 1);
        CHECK(!model.out.weight.grad().defined());
      } else {
        CHECK(overlapped.backward(loss, 1) == double(rows.all));
      }
    }
    check_gradients(model, expected);
  }
  const double norm = optim::clip_grad_norm(expected.parameters(), 0.1);
  CHECK(optim::clip_grad_norm(model.parameters(), 0.1) == doctest::Approx(norm).epsilon(1e-12));
  check_gradients(model, expected);
}

TEST_CASE("overlapped: gradients have the same bits on all ranks, and in each run") {
  const dist::World& world = the_world();
  std::vector<Values> runs;
  for (const dist::Wire wire :
       {dist::Wire::exact, dist::Wire::bfloat16, dist::Wire::exact, dist::Wire::bfloat16}) {
    Rng rng(4);
    const nn::Sequential model{nn::Dense(70, 90, {}, rng), nn::ReLU(), nn::Dense(90, 3, {}, rng)};
    dist::Overlapped overlapped(model, world, {.first_bucket = 4000, .bucket = 9000, .wire = wire});
    Rng own(static_cast<std::uint64_t>(world.rank()));
    overlapped.backward(sum(square(model(own.normal({7, 70})))), 7);
    Values bits;
    for (const Tensor& parameter : model.parameters()) {
      const Tensor g = parameter.grad();
      CHECK(world.all_reduce(g, dist::Reduction::minimum).to_vector<float>() ==
            g.to_vector<float>());
      CHECK(world.all_reduce(g, dist::Reduction::maximum).to_vector<float>() ==
            g.to_vector<float>());
      const Values all = g.to(Dtype::float64).to_vector<double>();
      bits.insert(bits.end(), all.begin(), all.end());
    }
    runs.push_back(bits);
  }
  CHECK(runs[0] == runs[2]);
  CHECK(runs[1] == runs[3]);
  if (world.size() == 1) return;
  CHECK(runs[0] != runs[1]);
  // A bfloat16 has 8 bits: each of the roundings on the way is 2^-9 of the sum of magnitudes at
  // most.
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < runs[0].size(); ++i) {
    largest = std::max(largest, std::abs(runs[0][i]));
    difference = std::max(difference, std::abs(runs[0][i] - runs[1][i]));
  }
  CHECK(difference <= largest * world.size() * 0x1p-8);
}

TEST_CASE("overlapped: all leaves change, or none") {
  const dist::World& world = the_world();
  if (world.size() > 1) return;  // a rank that throws ends all
  Rng rng(5);
  const Model model(rng);
  const Data data(4, rng);
  dist::Overlapped overlapped(model, world);
  overlapped.accumulate(data.loss(model, 0, 2, false), 2);
  {
    const LeafHook hook = on_leaf_gradient(
        model.hidden.weight, [](const Tensor&) -> Tensor { throw ValueError("a hook"); });
    CHECK(error_of<ValueError>(
              [&] { return overlapped.backward(data.loss(model, 2, 4, false), 2); }) == "a hook");
  }
  for (const Tensor& parameter : model.parameters()) CHECK(!parameter.grad().defined());
  CHECK(error_of<ValueError>([&] {
          return overlapped.backward(data.loss(model, 2, 4, false), 2);
        }) == "overlapped: a pass before has ended by an exception on this rank");
}

TEST_CASE("overlapped: a process alone goes on when what an exception has left is forgotten") {
  const dist::World& world = the_world();
  if (world.size() > 1) return;
  Rng rng(11);
  const Model model(rng);
  const Data data(4, rng);
  const Model expected = nn::clone(model);
  data.loss(expected, 0, 4, false).backward();
  dist::Overlapped overlapped(model, world);
  for (const bool accumulates : {true, false}) {
    model.zero_grad();
    overlapped.accumulate(data.loss(model, 0, 1, false), 1);
    {
      const LeafHook hook = on_leaf_gradient(
          model.hidden.weight, [](const Tensor&) -> Tensor { throw ValueError("a hook"); });
      CHECK(error_of<ValueError>([&] {
              if (accumulates) overlapped.accumulate(data.loss(model, 1, 3, false), 2);
              return overlapped.backward(data.loss(model, 1, 3, false), 2);
            }) == "a hook");
    }
    static_cast<FitRanks&>(overlapped).forget();
    overlapped.accumulate(data.loss(model, 0, 2, false), 2);
    CHECK(overlapped.backward(data.loss(model, 2, 4, false), 2) == 4);
    check_gradients(model, expected);
  }
}

TEST_CASE("overlapped: buckets leave while backward runs") {
  const dist::World& world = the_world();
  Rng rng(6);
  nn::Sequential model;
  for (int i = 0; i < 6; ++i) model.push_back(nn::Dense(8, 8, {}, rng));
  // Each layer is 288 bytes of gradients, and a number behind each of its two.
  dist::Overlapped overlapped(model, world, {.first_bucket = 288, .bucket = 288});
  for (int step = 0; step < 3; ++step) overlapped.backward(sum(model(ones({2, 8}))), 2);
  const dist::ExchangeStatistics statistics = overlapped.statistics();
  if (world.size() == 1) {
    CHECK(statistics.buckets == 0);
  } else {
    CHECK(statistics.steps == 3);
    CHECK(statistics.buckets == 18);
    CHECK(statistics.early == 18);
    CHECK(statistics.bytes == 18 * (288 + 8));
  }
}

TEST_CASE("overlapped: what MPI still writes to outlives a pass that has failed on all ranks") {
  const dist::World& world = the_world();
  Rng rng(8);
  const Model model(rng);
  for (int i = 0; i < 50; ++i) {
    dist::Overlapped overlapped(model, world);
    CHECK_THROWS_AS(overlapped.backward(ones({}), 1), GradError);
  }
  for (int i = 0; i < 50; ++i) world.barrier();
}

TEST_CASE("overlapped: a frozen parameter does not keep its bucket back") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  Rng rng(9);
  nn::Sequential model;
  for (int i = 0; i < 3; ++i) model.push_back(nn::Dense(8, 8, {}, rng));
  model.named_parameters().back().second.set_requires_grad(false);
  dist::Overlapped overlapped(model, world, {.first_bucket = 288, .bucket = 288});
  overlapped.backward(sum(model(ones({2, 8}))), 2);
  CHECK(overlapped.statistics().buckets == 3);
  CHECK(overlapped.statistics().early == 3);
}

TEST_CASE("overlapped: what is frozen, thawed and of another dtype") {
  const dist::World& world = the_world();
  Rng rng(7);
  const Model model(rng);
  const Data data(4, rng);
  dist::Overlapped overlapped(model, world);
  model.hidden.freeze();
  overlapped.backward(data.loss(model, 0, 4, false), 4);
  CHECK(!model.hidden.weight.grad().defined());
  CHECK(model.out.weight.grad().defined());
  model.hidden.requires_grad();
  overlapped.backward(data.loss(model, 0, 4, false), 4);
  CHECK(model.hidden.weight.grad().defined());
  model.hidden.to(Dtype::float32);  // it lies in the middle of a bucket
  CHECK(error_of<DtypeError>([&] { return overlapped.backward(sum(model.out.weight), 1); }) ==
        "overlapped: parameters must keep their dtypes; hidden.weight is float32[3, 5] now");
  model.to(Dtype::float32);
  const Tensor loss = sum(model(ones({1, 3}), false));
  CHECK(error_of<DtypeError>([&] { return overlapped.backward(loss, 1); }) ==
        "overlapped: parameters must keep their dtypes; hidden.weight is float32[3, 5] now");
}

TEST_CASE("overlapped: a leaf that is no parameter of the model is refused, or gets its own") {
  const dist::World& world = the_world();
  Rng rng(10);
  const Model model(rng);
  const Tensor own = full({}, world.rank() + 2.0, Dtype::float64).set_requires_grad(true);
  const auto loss = [&] { return sum(model(ones({1, 3}, Dtype::float64), false)) * own; };
  for (const bool accumulates : {true, false}) {
    dist::Overlapped strict(model, world);
    CHECK(error_of<ValueError>([&] {
            if (accumulates) strict.accumulate(loss(), 1);
            return strict.backward(loss(), 1);
          }) ==
          "overlapped: leaves that the loss reaches must be parameters of the model, whose "
          "gradients are exchanged; float64[] is none: freeze it, or set .allow_others, and it "
          "gets what this rank has of it");
    for (const Tensor& parameter : model.parameters()) CHECK(!parameter.grad().defined());
    CHECK(!own.grad().defined());
  }
  dist::Overlapped lenient(model, world, {.allow_others = true});
  lenient.backward(loss(), 1);
  CHECK(own.grad().item() == sum(model(ones({1, 3}, Dtype::float64), false)).item());
}
