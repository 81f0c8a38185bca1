// What has no dtype given gets the default one, everywhere.
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

constexpr Dtype float32 = Dtype::float32, float64 = Dtype::float64;

/// One way to make floating elements without naming a dtype.
struct Maker {
  std::string name;
  std::function<Tensor()> make;
};

std::string written(const TemporaryDirectory& directory, const std::string& text) {
  return directory.write("a.csv", Bytes(text.begin(), text.end()));
}

const std::vector<Maker>& makers() {
  static const std::vector<Maker> table{
      {"tensor",
       [] {
         return tensor({1.5, 2.0});
       }},
      {"tensor of rank 0", [] { return tensor(1.5); }},
      {"tensor of nothing",
       [] {
         return tensor({{}, {}});
       }},
      {"zeros", [] { return zeros({2}); }},
      {"ones", [] { return ones({2}); }},
      {"full", [] { return full({2}, 3); }},
      {"eye", [] { return eye(2); }},
      {"eye of columns", [] { return eye(2, 3); }},
      {"linspace", [] { return linspace(0, 1, 3); }},
      {"arange of a fraction", [] { return arange(1.5); }},
      {"arange by fractions", [] { return arange(0, 1, 0.5); }},
      {"one_hot",
       [] {
         return one_hot(tensor({0, 1}), 2);
       }},
      {"where of numbers", [] { return where(tensor({true}), 1.0, 2.0); }},
      {"add of numbers", [] { return add(1.0, 2); }},
      {"uniform", [] { return default_rng().uniform({2}); }},
      {"normal", [] { return default_rng().normal({2}, 0, 1); }},
      {"randn", [] { return default_rng().randn({2}); }},
      {"Dense, weight", [] { return Tensor(nn::Dense(2, 3).weight); }},
      {"Dense, bias", [] { return Tensor(nn::Dense(2, 3).bias); }},
      {"spiral", [] { return data::spiral(2, 2).x; }},
      {"vertical", [] { return data::vertical(2, 2).x; }},
      {"sine", [] { return data::sine(2).y; }},
      {"csv",
       [] {
         const TemporaryDirectory directory;
         return data::read_csv(written(directory, "a,b\n1,2\n")).numbers();
       }},
      {"csv dataset", [] {
         const TemporaryDirectory directory;
         const std::string path = written(directory, "a,b\n1,0\n2,1\n");
         return data::load_csv_dataset(path).dataset.x;
       }}};
  return table;
}

Dtype made_on_a_thread() {
  Dtype made{};
  std::thread([&] { made = zeros({1}).dtype(); }).join();
  return made;
}

}  // namespace

TEST_CASE("whatever is made without a dtype heeds the default one") {
  for (const Dtype dtype : {float32, float64}) {
    const DefaultDtypeGuard guard(dtype);
    for (const Maker& maker : makers()) {
      CAPTURE(maker.name);
      CHECK(maker.make().dtype() == dtype);
    }
  }
  CHECK(data::IdxDatasetOptions().dtype == float32);
  const DefaultDtypeGuard guard(float64);
  CHECK(data::IdxDatasetOptions().dtype == float64);
  CHECK(tensor(1e300).item() == 1e300);
  CHECK(tensor({0.1}).item() == 0.1);
}

TEST_CASE("a model trains in the default dtype") {
  const DefaultDtypeGuard guard(float64);
  Rng rng(0);
  const auto [x, y] = data::spiral(10, 2, rng);
  const nn::Sequential model{nn::Dense(2, 4, {}, rng), nn::ReLU(), nn::Dropout(0.1, rng),
                             nn::Dense(4, 2, {}, rng)};
  optim::Adam optimizer(model);
  const Tensor loss = nn::cross_entropy(model(x), y) + 0.01 * model.regularization_loss();
  loss.backward();
  optimizer.step();
  CHECK(loss.dtype() == float64);
  CHECK(model.parameters()[0].grad().dtype() == float64);
}

TEST_CASE("the default dtype does not reach beside what has one") {
  const DefaultDtypeGuard guard(float64);
  const Tensor x = ones({2}, float32);
  CHECK((x * 0.5).dtype() == float32);
  CHECK(zeros_like(x).dtype() == float32);
  CHECK(full({}, 1, Dtype::int64).dtype() == Dtype::int64);
  CHECK(tensor({1, 2}).dtype() == Dtype::int64);
  CHECK((tensor({1}) + 0.5).dtype() == float64);
  const DefaultDtypeGuard narrow(float32);
  CHECK((tensor({1}) + 0.5).dtype() == float64);
}

TEST_CASE("threads: the default dtype is the program's, and with a guard the thread's") {
  CHECK(default_dtype() == float32);
  {
    const DefaultDtypeGuard outer(float64);
    {
      const DefaultDtypeGuard inner(float32);
      CHECK(default_dtype() == float32);
    }
    CHECK(default_dtype() == float64);
    CHECK(made_on_a_thread() == float32);
  }
  CHECK(default_dtype() == float32);
  set_default_dtype(float64);
  CHECK(default_dtype() == float64);
  CHECK(made_on_a_thread() == float64);
  {
    const DefaultDtypeGuard guard(float32);
    set_default_dtype(float64);
    CHECK(default_dtype() == float32);
  }
  set_default_dtype(float32);
  CHECK(default_dtype() == float32);
}

TEST_CASE("threads: those of a search and a loader take the default dtype along") {
  const DefaultDtypeGuard guard(float64);
  const data::Dataset dataset{zeros({4, 1}), zeros({4}, Dtype::int64)};
  const auto noisy = [](const data::Dataset& batch, Rng& rng) {
    return data::Dataset{rng.randn(batch.x.shape()), batch.y};
  };
  Rng rng(0);
  data::Loader loader(dataset, {.batch_size = 2, .transform = noisy, .prefetch = 2}, rng);
  for (const auto& [x, y] : loader) CHECK(x.dtype() == float64);
  SearchSpace space;
  space.choice("a", {1});
  const auto objective = [](const Hyperparameters&, const data::Split&, Rng&) {
    return static_cast<double>(zeros({1}).dtype() == float64);
  };
  const std::vector<data::Fold> folds = data::blocked_k_fold(4, 2);
  CHECK(
      grid_search(space, dataset, folds, objective, {.goal = SearchGoal::maximize}).best().score ==
      1);
}

TEST_CASE("the default dtype is floating") {
  CHECK(error_of<DtypeError>([] {
          set_default_dtype(Dtype::int64);
          return 0;
        }) == "set_default_dtype: the default dtype must be floating; got int64");
  CHECK_THROWS_AS(DefaultDtypeGuard{Dtype::boolean}, DtypeError);
  CHECK(default_dtype() == float32);
}
