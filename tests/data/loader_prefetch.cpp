#include <atomic>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/child.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using data::Dataset;
using data::Loader;
using data::LoaderOptions;
using Doubles = std::vector<double>;

static_assert(std::ranges::input_range<Loader>);
static_assert(std::input_iterator<Loader::Iterator>);
static_assert(!std::is_copy_constructible_v<Loader::Iterator>);  // a pass is gone through once

namespace {

/// Row i is 10 i, 10 i + 1; its label is i.
Dataset numbered(std::int64_t rows) {
  Doubles values;
  for (std::int64_t i = 0; i < rows; ++i) {
    values.push_back(10 * static_cast<double>(i));
    values.push_back(values.back() + 1);
  }
  return {from_vector(values, {rows, 2}), arange(rows)};
}

Dataset with_noise(const Dataset& batch, Rng& rng) {
  return {batch.x + rng.randn(batch.x.shape(), Dtype::float64), batch.y};
}

/// All numbers of some passes, batch by batch.
std::vector<Doubles> numbers(Loader& loader, int passes = 1) {
  std::vector<Doubles> all;
  for (int pass = 0; pass < passes; ++pass) {
    for (auto [x, y] : loader) {
      all.push_back(x.to_vector<double>());
      all.push_back(y.to_vector<double>());
    }
  }
  return all;
}

std::vector<Doubles> numbers(const LoaderOptions& options, std::uint64_t seed, int passes) {
  Rng rng(seed);
  Loader loader(numbered(23), options, rng);
  return numbers(loader, passes);
}

/// Fails on the third batch of two rows.
Dataset third_fails(const Dataset& batch, Rng&) {
  if (slice(batch.y, {0}).item() == 4) throw std::runtime_error("the third batch");
  return batch;
}

}  // namespace

TEST_CASE("batches are the same however many are made ahead") {
  for (const bool shuffle : {false, true}) {
    for (const bool drop_last : {false, true}) {
      LoaderOptions options{.batch_size = 4, .shuffle = shuffle, .drop_last = drop_last};
      for (const data::Transform& transform : {data::Transform(), data::Transform(with_noise)}) {
        options.transform = transform;
        options.prefetch = 0;
        const std::vector<Doubles> expected = numbers(options, 3, 3);
        for (const std::int64_t ahead : {std::int64_t{1}, std::int64_t{2}, std::int64_t{5},
                                         std::int64_t{6}, std::int64_t{100}, INT64_MAX}) {
          options.prefetch = ahead;
          CHECK(numbers(options, 3, 3) == expected);
        }
      }
    }
  }
}

TEST_CASE("a transform draws anew for each batch of each pass, and the same again for a seed") {
  const LoaderOptions options{.batch_size = 4, .transform = [](const Dataset& batch, Rng& rng) {
                                return Dataset{rng.randn(batch.y.shape()), batch.y};
                              }};
  const std::vector<Doubles> once = numbers(options, 1, 2);
  CHECK(numbers(options, 1, 2) == once);
  CHECK(numbers(options, 2, 2) != once);
  REQUIRE(once.size() == 24);
  for (std::size_t i = 0; i < once.size(); i += 2) {
    for (std::size_t j = 0; j < i; j += 2) CHECK(once[i][0] != once[j][0]);
  }
}

TEST_CASE("what a transform draws does not depend on the batches before") {
  const LoaderOptions options{.batch_size = 4, .transform = with_noise};
  Rng a(4), b(4);
  Loader whole(numbered(23), options, a), left(numbered(23), options, b);
  const std::vector<Doubles> expected = numbers(whole, 2);
  for (auto [x, y] : left) {
    CHECK(x.to_vector<double>() == expected[0]);
    break;
  }
  auto i = left.begin();
  ++i;
  ++i;
  CHECK((*i).x.to_vector<double>() == expected[16]);  // batch 2 of pass 1, of 6 a pass
  CHECK((*i).x.to_vector<double>() == expected[16]);  // and again
}

TEST_CASE("only a loader that shuffles or transforms draws a seed") {
  Rng rng(5);
  const Loader plain(numbered(4), {.prefetch = 2}, rng);
  CHECK(rng == Rng(5));
  const Loader transforms(numbered(4), {.transform = with_noise}, rng);
  CHECK(rng != Rng(5));
}

TEST_CASE("threads: a transform runs with nothing recorded, ahead on a thread of the pass") {
  const Tensor leaf = ones({2}, Dtype::float64).set_requires_grad(true);
  for (const std::int64_t ahead : {0, 1}) {
    std::atomic<int> recorded{0}, here{0}, elsewhere{0};
    const auto self = std::this_thread::get_id();
    Loader loader(numbered(6), {.batch_size = 2,
                                .transform =
                                    [&](const Dataset& batch, Rng&) {
                                      recorded += recording() ? 1 : 0;
                                      ++(std::this_thread::get_id() == self ? here : elsewhere);
                                      return Dataset{leaf, batch.y};
                                    },
                                .prefetch = ahead});
    for (auto [x, y] : loader) CHECK(!x.requires_grad());
    CHECK(recorded == 0);
    CHECK(here == (ahead == 0 ? 3 : 0));
    CHECK(elsewhere == (ahead == 0 ? 0 : 3));
  }
  CHECK(recording());
}

TEST_CASE("as many batches are made ahead as asked for, and no more") {
  for (const std::int64_t ahead : {1, 3}) {
    std::atomic<std::int64_t> started{0}, current{0}, most{0};
    Loader loader(numbered(20), {.batch_size = 1,
                                 .transform =
                                     [&](const Dataset& batch, Rng&) {
                                       most = std::max<std::int64_t>(most, started - current);
                                       ++started;
                                       return batch;
                                     },
                                 .prefetch = ahead});
    for (auto [x, y] : loader) {
      const std::int64_t goal = std::min<std::int64_t>(current + ahead + 1, 20);
      while (started < goal) std::this_thread::yield();
      ++current;
    }
    CHECK(most <= ahead);
    CHECK(started == 20);
  }
}

TEST_CASE("what a transform throws comes out at its batch, and the pass can go on") {
  for (const std::int64_t ahead : {0, 1, 3}) {
    CAPTURE(ahead);
    Loader loader(numbered(10), {.batch_size = 2, .transform = third_fails, .prefetch = ahead});
    for (int pass = 0; pass < 2; ++pass) {
      Doubles first;
      const auto run = [&] {
        for (auto [x, y] : loader) first.push_back(slice(y, {0}).item());
        return 0;
      };
      CHECK(error_of<std::runtime_error>(run) == "the third batch");
      CHECK(first == Doubles{0, 2});
    }
    Doubles first;
    for (auto i = loader.begin(); i != loader.end(); ++i) {
      try {
        first.push_back(slice((*i).y, {0}).item());
      } catch (const std::runtime_error&) {
        CHECK_THROWS_AS(*i, std::runtime_error);
        first.push_back(-1);
      }
    }
    CHECK(first == Doubles{0, 2, -1, 6, 8});
  }
}

TEST_CASE("a transform must give as many labels as samples") {
  for (const std::int64_t ahead : {0, 2}) {
    Loader loader(numbered(6), {.batch_size = 2,
                                .transform =
                                    [](const Dataset& batch, Rng&) {
                                      return Dataset{batch.x, arange(3)};
                                    },
                                .prefetch = ahead});
    CHECK(error_of<ShapeError>([&] { return (*loader.begin()).x; }) ==
          "loader: transform: x and y must have the same number of rows; got float64[2, 2] and "
          "int64[3]");
  }
}

TEST_CASE("a pass may be left early, and batches passed over") {
  for (int i = 0; i < 100; ++i) {
    std::atomic<int> made{0};
    Loader loader(numbered(100), {.batch_size = 1,
                                  .transform =
                                      [&](const Dataset& batch, Rng&) {
                                        ++made;
                                        return batch;
                                      },
                                  .prefetch = 2});
    for (auto [x, y] : loader) {
      if (y.item() == i % 5) break;
    }
    CHECK(made <= i % 5 + 3);
    auto place = loader.begin();
    for (int skipped = 0; skipped < i % 7; ++skipped) ++place;
    CHECK((*place).y.item() == i % 7);
    static_cast<void>(loader.begin());
  }
}

TEST_CASE("a pass outlives its loader") {
  for (const std::int64_t ahead : {0, 2}) {
    auto loader = std::make_unique<Loader>(
        numbered(10),
        LoaderOptions{
            .batch_size = 4, .shuffle = true, .transform = with_noise, .prefetch = ahead});
    auto place = loader->begin();
    const Dataset first = *place;
    loader.reset();
    CHECK((*place).x.to_vector<double>() == first.x.to_vector<double>());
    ++place;
    auto moved = std::move(place);
    ++moved;
    CHECK((*moved).y.size() == 2);
    moved = Loader(numbered(3), {.prefetch = ahead}).begin();
    CHECK((*moved).y.size() == 3);
  }
}

TEST_CASE("threads: a pass stays with the process that began it, a child begins one of its own") {
#if defined(__SANITIZE_THREAD__)
  MESSAGE("a child with threads of its own is not for this sanitizer");
#else
  Loader loader(numbered(10), {.batch_size = 2, .prefetch = 2});
  auto place = loader.begin();
  CHECK((*place).y.size() == 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the thread waits for room
  CHECK(child_ends([&] {
    bool refused = false;
    try {
      static_cast<void>(*place);
    } catch (const ValueError&) {
      refused = true;
    }
    { const auto dropped = std::move(place); }
    auto own = loader.begin();
    return refused && (*own).y.size() == 2 && (*++own).y.size() == 2;
  }));
  CHECK((*++place).y.size() == 2);
#endif
}

TEST_CASE("the end of a pass has no batch") {
  for (const std::int64_t ahead : {0, 2}) {
    Loader loader(numbered(4), {.batch_size = 2, .prefetch = ahead});
    auto place = loader.begin();
    for (int i = 0; i < 5; ++i) ++place;
    CHECK(place == loader.end());
    CHECK(error_of<IndexError>([&] { return (*place).x; }) ==
          "loader: there must be a batch left; got the end of a pass of 2");
    Loader empty(numbered(0), {.prefetch = ahead});
    CHECK(empty.begin() == empty.end());
  }
}

TEST_CASE("threads: passes at the same time have a thread each") {
  LoaderOptions options{.batch_size = 3, .shuffle = true, .transform = with_noise};
  Rng rng(6), twin(6);
  Loader expected(numbered(30), options, rng);
  const std::vector<Doubles> both = numbers(expected, 2);
  options.prefetch = 2;
  Loader loader(numbered(30), options, twin);
  auto a = loader.begin(), b = loader.begin();
  for (std::size_t i = 0; a != loader.end(); ++a, ++b, i += 2) {
    CHECK((*a).x.to_vector<double>() == both[i]);
    CHECK((*b).x.to_vector<double>() == both[i + 20]);
  }
}

TEST_CASE("passes with batches made ahead leave no memory behind, nor take more and more") {
  const std::int64_t before = memory::live_bytes();
  {
    Loader loader({zeros({640, 500}), arange(640)}, {.batch_size = 32,
                                                     .shuffle = true,
                                                     .transform =
                                                         [](const Dataset& batch, Rng&) {
                                                           return Dataset{batch.x + 1, batch.y};
                                                         },
                                                     .prefetch = 3});
    const auto run = [&](int passes) {
      for (int pass = 0; pass < passes; ++pass) {
        for (auto [x, y] : loader) CHECK(x.extent(0) == 32);
      }
      return memory::live_bytes() + memory::cached_bytes();
    };
    const std::int64_t live = memory::live_bytes(), obtained = run(30);
    CHECK(run(60) <= obtained + (1 << 20));  // 1200 batches of 64 KB
    CHECK(memory::live_bytes() == live);
  }
  CHECK(memory::live_bytes() == before);
}

TEST_CASE("loader refuses a negative prefetch") {
  CHECK(error_of<ValueError>([] { return Loader(numbered(4), {.prefetch = -1}).size(); }) ==
        "loader: prefetch must be at least 0; got -1");
}
