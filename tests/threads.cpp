// What docs/threads.md says of several threads at one tensor, one model, one generator. The cases
// whose names begin with "threads: ", here and beside the engine, are those that the thread
// sanitizer must see.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"

using namespace xtape;

namespace {

constexpr int thread_count = 4;

void in_parallel(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

// What a thread finds is counted there and checked here: doctest's checks take locks, which would
// order what has to do without.

TEST_CASE("threads: one tensor is read, recorded on and dropped by many") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, Dtype::float64).set_requires_grad(true);
  const Tensor row = transpose(x.detach());
  std::vector<int> right(thread_count);
  in_parallel([&](int i) {
    for (int round = 0; round < 100; ++round) {
      const Tensor mine = x, part = slice(row, {1});
      const Tensor y = sum(mine * mine);
      const bool same = x.data<double>()[3] == 4 &&
                        row.to_vector<double>() == Doubles{1, 3, 2, 4} &&
                        part.to_vector<double>() == Doubles{2, 4} && y.item() == 30 &&
                        to_string(x).find('3') != std::string::npos && y.requires_grad() &&
                        x.shape() == Shape{2, 2};
      right[static_cast<std::size_t>(i)] += same ? 1 : 0;
    }
  });
  CHECK(right == std::vector<int>(thread_count, 100));
}

TEST_CASE(
    "threads: a leaf is assigned, frozen and thawed under a lock, used under its other side") {
  const Tensor w = full({3}, 1.0, Dtype::float64).set_requires_grad(true);
  std::shared_mutex mutex;
  std::vector<int> right(thread_count);
  in_parallel([&](int i) {
    for (int round = 0; round < 100; ++round) {
      if (i == 0) {
        const std::unique_lock lock(mutex);
        w.assign(full({3}, 1.0 + round, Dtype::float64));
        w.set_requires_grad(false);
        w.set_requires_grad(true);
        ++right[0];
      } else {
        const std::shared_lock lock(mutex);
        const double value = w.data<double>()[0];
        const Tensor dw = grad(sum(w * w), {w})[0];
        right[static_cast<std::size_t>(i)] += values(dw) == Doubles(3, 2 * value) ? 1 : 0;
      }
    }
  });
  CHECK(right == std::vector<int>(thread_count, 100));
}

TEST_CASE("threads: gradients of one model are added at the same time, its steps take a lock") {
  const nn::Dense layer(2, 1);
  layer.weight.assign(zeros({2, 1}));
  layer.bias.assign(zeros({1}));
  optim::SGD optimizer(layer, {.learning_rate = 0.5});
  std::shared_mutex mutex;
  constexpr int rounds = 50;
  in_parallel([&](int i) {
    for (int round = 0; round < rounds; ++round) {
      {
        const std::shared_lock lock(mutex);
        sum(layer(tensor({{1.0, 2.0}}))).backward();  // d weight = (1, 2), d bias = 1
      }
      if (i > 0) continue;
      const std::unique_lock lock(mutex);
      optimizer.step();
      optimizer.zero_grad();
    }
  });
  if (layer.bias.grad().defined()) optimizer.step();
  const double steps = rounds * thread_count;
  CHECK(values(layer.bias) == Doubles{-0.5 * steps});
  CHECK(values(layer.weight) == Doubles{-0.5 * steps, -1.0 * steps});
}

TEST_CASE("threads: the default generator is the thread's own") {
  std::vector<Doubles> drawn(thread_count);
  in_parallel([&](int i) {
    seed(static_cast<std::uint64_t>(i));
    drawn[static_cast<std::size_t>(i)] =
        default_rng().uniform({1000}, 0, 1, Dtype::float64).to_vector<double>();
  });
  for (int i = 0; i < thread_count; ++i) {
    Rng alone(static_cast<std::uint64_t>(i));
    CHECK(drawn[static_cast<std::size_t>(i)] ==
          values(alone.uniform({1000}, 0, 1, Dtype::float64)));
  }
}

TEST_CASE("threads: one generator is drawn from under a lock") {
  Rng rng(3), alone(3);
  std::mutex mutex;
  Doubles drawn, expected;
  in_parallel([&](int) {
    for (int k = 0; k < 100; ++k) {
      const std::lock_guard lock(mutex);
      drawn.push_back(rng.uniform());
    }
  });
  for (int k = 0; k < 100 * thread_count; ++k) expected.push_back(alone.uniform());
  CHECK(drawn == expected);
}

TEST_CASE("threads: one pass of a loader is read under a lock") {
  for (const int ahead : {0, 2}) {
    data::Loader loader({arange(60), arange(60)},
                        {.batch_size = 1, .shuffle = true, .prefetch = ahead});
    std::mutex mutex;
    std::vector<std::int64_t> seen;
    auto batch = loader.begin();
    in_parallel([&](int) {
      for (;;) {
        const std::lock_guard lock(mutex);
        if (batch == loader.end()) return;
        seen.push_back((*batch).y.to_vector<std::int64_t>()[0]);
        ++batch;
      }
    });
    std::sort(seen.begin(), seen.end());
    CHECK(seen == arange(60).to_vector<std::int64_t>());
  }
}

TEST_CASE("threads: kept memory is given back while others use the pool") {
  std::vector<int> right(thread_count);
  in_parallel([&](int i) {
    for (int round = 0; round < 100; ++round) {
      if (i == 0) memory::release_cached();
      const Tensor small = full({3}, i), large = full({1 << 15}, i);
      right[static_cast<std::size_t>(i)] +=
          small.data<float>()[2] == static_cast<float>(i) &&
                  large.data<float>()[large.data<float>().size() - 1] == static_cast<float>(i)
              ? 1
              : 0;
    }
  });
  CHECK(right == std::vector<int>(thread_count, 100));
}

TEST_CASE("threads: default generators are different, and follow from the main thread's seed") {
  using Drawn = std::vector<std::int64_t>;
  const auto drawn = [] {
    Drawn numbers;
    for (int i = 0; i < 3; ++i) numbers.push_back(default_rng().integer(0, 1000000));
    return numbers;
  };
  const auto on_a_thread = [&](const auto& draw) {
    Drawn numbers;
    std::thread([&] { numbers = draw(); }).join();
    return numbers;
  };
  // np.random.RandomState([123, 1]).randint(0, 1000000, 3), and so on
  const Drawn first{14440, 260118, 447701}, second{18676, 851482, 378912},
      of_zero{864727, 447750, 648402};
  for (int round = 0; round < 2; ++round) {
    seed(123);
    CHECK(on_a_thread(drawn) == first);
    CHECK(on_a_thread(drawn) == second);
    CHECK(drawn() == Rng(123).integers(0, 1000000, {3}).to_vector<std::int64_t>());
  }
  const auto seeded = [&] {  // its own alone
    seed(7);
    return drawn();
  };
  CHECK(on_a_thread(seeded) == Rng(7).integers(0, 1000000, {3}).to_vector<std::int64_t>());
  seed(0);
  CHECK(on_a_thread(drawn) == of_zero);

  std::mutex mutex;
  std::vector<Drawn> all{drawn()};
  std::vector<Doubles> weights, masks;
  in_parallel([&](int) {
    const Doubles weight = nn::Dense(2, 3).weight.to_vector<double>();
    const Doubles mask = nn::Dropout(0.5)(ones({64})).to_vector<double>();
    const Drawn own = drawn();
    const std::lock_guard lock(mutex);
    weights.push_back(weight);
    masks.push_back(mask);
    all.push_back(own);
  });
  const auto differ = [](auto list) {
    std::sort(list.begin(), list.end());
    return std::adjacent_find(list.begin(), list.end()) == list.end();
  };
  CHECK(differ(weights));
  CHECK(differ(masks));
  CHECK(differ(all));
}

TEST_CASE("threads: replays of one function and of several at a time, with parameters in common") {
  Rng rng(3);
  const Tensor w = rng.normal({4, 3}, 0, 1, Dtype::float64),
               x = rng.normal({5, 4}, 0, 1, Dtype::float64);
  const auto product = [&](const Tensor& given) { return tanh(matmul(given, w)) * 2 + 1; };
  const Tensor expected = product(x);
  auto shared = compile(product);
  std::vector<int> right(thread_count);
  in_parallel([&](int i) {
    auto own = compile(product);
    for (int round = 0; round < 100; ++round) {
      const bool same = mismatch(shared(x), expected) == "" && mismatch(own(x), expected) == "";
      right[static_cast<std::size_t>(i)] += same ? 1 : 0;
    }
  });
  CHECK(right == std::vector<int>(thread_count, 100));
}
