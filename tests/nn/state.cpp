// States of modules: parameters and buffers, taken up whole or not at all.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using Strings = std::vector<std::string>;

namespace {

nn::Sequential small_model(std::uint64_t seed) {
  Rng rng(seed);
  return nn::Sequential{nn::Dense(2, 3, {}, rng), nn::Dropout(0.5, rng), nn::Dense(3, 1, {}, rng)};
}

Strings names(const NamedTensors& state) {
  Strings names;
  for (const auto& [name, tensor] : state) names.push_back(name);
  return names;
}

NamedTensors copied(const NamedTensors& state) {
  NamedTensors copies;
  for (const auto& [name, tensor] : state) copies.emplace_back(name, tensor.clone());
  return copies;
}

void check_same(const NamedTensors& got, const NamedTensors& expected) {
  REQUIRE(names(got) == names(expected));
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(mismatch(got[i].second, expected[i].second) == "");
}

std::string restore_error(const nn::Sequential& model, const NamedTensors& state,
                          const RestoreOptions& options = {}) {
  return error_of<Error>([&] {
    model.restore(state, options);
    return 0;
  });
}

}  // namespace

TEST_CASE("a module's state is its parameters and buffers, and stays as it was") {
  const nn::Sequential model = small_model(1);
  const NamedTensors state = model.state();
  CHECK(names(state) == Strings{"0.weight", "0.bias", "2.weight", "2.bias", "1.stream"});
  const NamedTensors before = copied(state);
  optim::SGD optimizer(model, {.learning_rate = 1});
  sum(model(ones({4, 2}))).backward();
  optimizer.step();
  CHECK(mismatch(model.state()[0].second, before[0].second) != "");
  CHECK(mismatch(model.state()[4].second, before[4].second) != "");  // dropout has been called
  check_same(state, before);
  model.restore(state);
  check_same(model.state(), before);
  sum(model(ones({4, 2}))).backward();
  optimizer.step();
  check_same(state, before);
}

TEST_CASE("a restored module computes the same, dropout included") {
  const nn::Sequential model = small_model(1), other = small_model(2);
  const Tensor x = ones({8, 2});
  model(x);
  NamedTensors state = model.state();
  std::rotate(state.begin(), state.begin() + 2, state.end());
  const Tensor handle = other.parameters()[0];
  const LeftOut left_out = other.restore(state);
  CHECK(left_out.missing.empty());
  CHECK(left_out.unexpected.empty());
  CHECK(mismatch(other(x).detach(), model(x).detach()) == "");
  CHECK(mismatch(handle, model.parameters()[0]) == "");
  CHECK(handle.requires_grad());
}

TEST_CASE("all that does not fit is told at once, and nothing changes") {
  const nn::Sequential model = small_model(1);
  const NamedTensors before = copied(model.state()), other = small_model(2).state();
  NamedTensors wrong = other;
  wrong[0].first = "0.w";
  wrong[2].first = "2.w";
  wrong.push_back(wrong[1]);
  wrong[3].second = zeros({2});
  const std::string text = restore_error(model, wrong);
  CHECK(text ==
        "restore: the entries must be those of state(); missing: \"0.weight\", \"2.weight\"; "
        "unexpected: \"0.w\", \"2.w\"; given twice: \"0.bias\"; \"2.bias\" must be float32[1], got "
        "float32[2]");
  NamedTensors shape = other, dtype = other, undefined = other;
  shape[3].second = zeros({2});
  shape[0].second = zeros({2, 3}, Dtype::float64);
  dtype[0].second = zeros({2, 3}, Dtype::float64);
  undefined[0].second = Tensor();
  CHECK_THROWS_AS(model.restore(shape), ShapeError);
  CHECK_THROWS_AS(model.restore(shape, {.strict = false}), ShapeError);
  CHECK_THROWS_AS(model.restore(dtype), DtypeError);
  CHECK_THROWS_AS(model.restore(undefined), ValueError);
  CHECK_THROWS_AS(model.restore({}), ValueError);
  check_same(model.state(), before);
}

TEST_CASE("names that do not fit are told with those that they may have been meant to be") {
  const nn::Sequential model = small_model(1);
  NamedTensors other = small_model(2).state();
  other[0].first = "0.wieght";
  other[3].first = "2.Bias";
  const std::string text = restore_error(model, other);
  CHECK(
      text.ends_with("; unexpected: \"0.wieght\", \"2.Bias\"; nearest: \"0.weight\" to "
                     "\"0.wieght\", \"2.bias\" to \"2.Bias\""));
  NamedTensors nested = small_model(2).state();
  for (auto& [name, tensor] : nested) name = "module." + name;
  CHECK(restore_error(model, nested).ends_with("; all fit without \"module.\" in front"));
  const nn::Sequential outer(model, nn::ReLU());
  CHECK(restore_error(outer, model.state()).ends_with("; all fit with \"0.\" in front"));
}

TEST_CASE("a restore that is not strict tells what it left out") {
  const nn::Sequential model = small_model(1);
  const NamedTensors other = small_model(2).state();
  NamedTensors part{other[0], other[1], {"head.weight", zeros({7})}};
  const LeftOut left_out = model.restore(part, {.strict = false});
  CHECK(left_out.missing == Strings{"2.weight", "2.bias", "1.stream"});
  CHECK(left_out.unexpected == Strings{"head.weight"});
  CHECK(mismatch(model.state()[0].second, other[0].second) == "");
  CHECK(mismatch(model.state()[2].second, other[2].second) != "");
}

TEST_CASE("a model is written by one call and read back by one") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("model.npz");
  const nn::Sequential model = small_model(1), other = small_model(2);
  model(ones({8, 2}));
  data::save_npz(path, model);
  CHECK(data::load_npz(path, other).missing.empty());
  check_same(other.state(), model.state());
  const nn::Sequential smaller{nn::Dense(2, 3)};
  const NamedTensors before = copied(smaller.state());
  CHECK(error_of<ValueError>([&] {
          data::load_npz(path, smaller);
          return 0;
        }) ==
        "restore: the entries must be those of state(); unexpected: \"2.weight\", \"2.bias\", "
        "\"1.stream\" (in " +
            path + ")");
  check_same(smaller.state(), before);
  CHECK(data::load_npz(path, smaller, {.strict = false}).unexpected.size() == 3);
  check_same(smaller.state(), {model.state()[0], model.state()[1]});
}
