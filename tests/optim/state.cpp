// State saved and restored: training goes on as if it had never stopped.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/nn/activation.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/sequential.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;

namespace {

nn::Sequential small_model() {
  Rng rng(1);
  return nn::Sequential{nn::Dense(3, 5, {}, rng), nn::Tanh(), nn::Dense(5, 2, {}, rng)};
}

/// Steps on batches that depend on t; the last layer's bias gets no gradient in the first two.
void train(const nn::Sequential& model, optim::Optimizer& optimizer, int first, int last) {
  for (int t = first; t < last; ++t) {
    if (t == 4) optimizer.set_learning_rate(0.05);
    const Dtype dtype = model.parameters()[0].dtype();
    optimizer.zero_grad();
    sum(square(model(drawn({4, 3}, -1, 1, static_cast<std::uint64_t>(t)).to(dtype)))).backward();
    if (t < 2) model.parameters().back().zero_grad();
    optimizer.step();
  }
}

void check_same(const NamedTensors& got, const NamedTensors& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(expected[i].first);
    CHECK(got[i].first == expected[i].first);
    CHECK(mismatch(got[i].second, expected[i].second) == "");
  }
}

Tensor& entry(NamedTensors& state, const std::string& name) {
  for (NamedTensor& own : state) {
    if (own.first == name) return own.second;
  }
  throw ValueError("no entry " + name);
}

Tensor count(std::int64_t value) { return from_vector(std::vector<std::int64_t>{value}, {}); }

}  // namespace

TEST_CASE("a restored optimizer goes on to the same bits") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    for (const int stop : {0, 3, 7}) {
      CAPTURE(maker.name);
      CAPTURE(stop);
      const nn::Sequential model = small_model();
      const auto optimizer = maker.make(model.named_parameters());
      train(model, *optimizer, 0, stop);
      const NamedTensors saved = optimizer->state();
      const nn::Sequential copy = nn::clone(model);
      train(model, *optimizer, stop, 10);

      const auto resumed = maker.make(copy.named_parameters());
      resumed->restore(saved);
      check_same(resumed->state(), saved);
      train(copy, *resumed, stop, 10);
      check_same(copy.named_parameters(), model.named_parameters());
      check_same(resumed->state(), optimizer->state());
      CHECK(resumed->learning_rate() == optimizer->learning_rate());
    }
  }
}

TEST_CASE("parameters are found by name, in any order and in any group") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    CAPTURE(maker.name);
    const nn::Sequential model = small_model();
    const auto optimizer = maker.make(model.named_parameters());
    train(model, *optimizer, 0, 5);
    NamedTensors saved = optimizer->state();
    const nn::Sequential copy = nn::clone(model);
    train(model, *optimizer, 5, 10);

    NamedTensors reversed = copy.named_parameters();
    std::reverse(reversed.begin(), reversed.end());
    std::rotate(saved.begin(), saved.begin() + 4, saved.end());
    const auto resumed = maker.make(reversed);
    resumed->restore(saved);
    train(copy, *resumed, 5, 10);
    check_same(copy.named_parameters(), model.named_parameters());
  }
}

TEST_CASE("a state is not changed by what comes after it") {
  const nn::Sequential model = small_model();
  optim::Adam optimizer(model.parameters());
  train(model, optimizer, 0, 3);
  const NamedTensors saved = optimizer.state();
  NamedTensors copies;
  for (const auto& [name, tensor] : saved) copies.emplace_back(name, tensor.clone());
  train(model, optimizer, 3, 6);
  check_same(saved, copies);
  optimizer.restore(saved);
  train(model, optimizer, 3, 6);
  check_same(saved, copies);
}

TEST_CASE("a state names the entries of its optimizer") {
  const Tensor w = leaf({1, 2}), b = leaf({3}, Dtype::float32);
  const auto described = [](const optim::Optimizer& optimizer) {
    std::string all;
    for (const auto& [name, tensor] : optimizer.state())
      all += name + " " + tensor.describe() + ", ";
    return all;
  };
  const std::string head =
      "steps int64[], group.0.learning_rate float64[], group.0.last_rate float64[], ";
  const auto with = [&](const std::string& slot) {
    return head + "w.updates int64[], w." + slot + " float64[2], b.updates int64[], b." + slot +
           " float32[1], ";
  };
  const NamedTensors both{{"w", w}, {"b", b}};
  CHECK(described(optim::SGD(both)) == head + "w.updates int64[], b.updates int64[], ");
  CHECK(described(optim::SGD(both, {.momentum = 0.5})) == with("velocity"));
  CHECK(described(optim::SGD(both, {.momentum = 0.5, .velocity = optim::Velocity::of_gradients})) ==
        with("momentum_buffer"));
  CHECK(described(optim::Adagrad(both)) == with("cache"));
  CHECK(described(optim::RMSprop(both)) == with("cache"));
  for (const std::string& state :
       {described(optim::Adam({{"w", w}})), described(optim::AdamW({{"w", w}}))}) {
    CHECK(state == head +
                       "w.updates int64[], w.first_moment float64[2], "
                       "w.second_moment float64[2], ");
  }
}

TEST_CASE("a state holds counts and rates as they are") {
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({{"a", a}}, {.learning_rate = 1, .decay = 1});
  optimizer.add_group({{"b", b}}, {.learning_rate = 4});
  for (int t = 0; t < 3; ++t) {
    optimizer.zero_grad();
    give_gradient(a, {1});
    if (t == 2) give_gradient(b, {1});
    optimizer.step();
  }
  NamedTensors state = optimizer.state();
  const auto number = [&](const char* name) { return entry(state, name).item(); };
  CHECK(number("steps") == 3);
  CHECK(number("a.updates") == 3);
  CHECK(number("b.updates") == 1);
  CHECK(number("group.0.learning_rate") == 1);
  CHECK(number("group.1.learning_rate") == 4);
  CHECK(number("group.0.last_rate") == 1.0 / 3);
  CHECK(number("group.1.last_rate") == 4.0 / 3);
  const std::int64_t large = (std::int64_t{1} << 53) + 1;  // no double
  entry(state, "steps") = count(large);
  optimizer.restore(state);
  CHECK(optimizer.steps() == large);
}

TEST_CASE("a state has the dtype of the parameters at present") {
  const nn::Sequential model = small_model();
  optim::Adam optimizer(model.named_parameters());
  train(model, optimizer, 0, 3);
  model.to(Dtype::float64);
  const NamedTensors saved = optimizer.state();
  CHECK(saved.back().second.dtype() == Dtype::float64);
  const nn::Sequential copy = nn::clone(model);
  train(model, optimizer, 3, 6);
  optim::Adam resumed(copy.named_parameters());
  resumed.restore(saved);
  train(copy, resumed, 3, 6);
  check_same(copy.named_parameters(), model.named_parameters());
}

TEST_CASE("strided entries are restored by value") {
  const Tensor w = leaf({1, 2, 3});
  optim::SGD optimizer({{"w", w}}, {.momentum = 0.5});
  NamedTensors state = optimizer.state();
  const Tensor velocity = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}, Dtype::float64);
  entry(state, "w.velocity") = slice(velocity, {Slice::all, 1});
  optimizer.restore(state);
  step_along(optimizer, w, {0, 0, 0});
  check_close(w, {1 + 1, 2 + 2, 3 + 3});
  check_close(velocity, {1, 2, 3, 4, 5, 6});
}

TEST_CASE("a state that does not fit is refused, and nothing changes") {
  const nn::Sequential model = small_model();
  optim::SGD optimizer(model.named_parameters(), {.momentum = 0.5});
  train(model, optimizer, 0, 3);
  NamedTensors fitting = optimizer.state();
  train(model, optimizer, 3, 5);
  const NamedTensors before = optimizer.state();
  struct Spoiled {
    std::function<void(NamedTensors&)> spoil;
    std::string text;
  };
  const auto set = [](const char* name, const Tensor& value) {
    return [=](NamedTensors& state) { entry(state, name) = value; };
  };
  const std::vector<Spoiled> table{
      {[](NamedTensors& state) { state.pop_back(); },
       "restore: the entries must be those of state(); missing: \"2.bias.velocity\""},
      {[](NamedTensors& state) { state.erase(state.begin(), state.end() - 2); },
       "restore: the entries must be those of state(); missing: \"steps\", "
       "\"group.0.learning_rate\", \"group.0.last_rate\", "
       "\"0.weight.updates\", \"0.weight.velocity\", \"0.bias.updates\", \"0.bias.velocity\", "
       "\"2.weight.updates\", \"2.weight.velocity\""},
      {[](NamedTensors& state) { state.emplace_back("3.bias.velocity", zeros({2})); },
       "restore: the entries must be those of state(); unexpected: \"3.bias.velocity\""},
      {[](NamedTensors& state) { state.emplace_back("", Tensor()); },
       "restore: the entries must be those of state(); unexpected: \"\""},
      {[](NamedTensors& state) { state.push_back(state.front()); },
       "restore: the entries must be those of state(); given twice: \"steps\""},
      {set("2.bias.velocity", Tensor()),
       "restore: the entries must be those of state(); missing: \"2.bias.velocity\""},
      {set("2.bias.velocity", zeros({3})),
       "restore: the entries must be those of state(); \"2.bias.velocity\" must be "
       "float32[2], got float32[3]"},
      {set("2.bias.velocity", zeros({1, 2})),
       "restore: the entries must be those of state(); \"2.bias.velocity\" must be "
       "float32[2], got float32[1, 2]"},
      {set("2.bias.velocity", zeros({2}, Dtype::float64)),
       "restore: the entries must be those of state(); \"2.bias.velocity\" must be "
       "float32[2], got float64[2]"},
      {set("steps", full({}, 3, Dtype::float64)),
       "restore: the entries must be those of state(); \"steps\" must be int64[], got float64[]"},
      {set("steps", count(-1)), "restore: \"steps\" must not be negative; got -1"},
      {set("0.bias.updates", count(-2)),
       "restore: \"0.bias.updates\" must not be negative; got -2"},
      {set("group.0.learning_rate", full({}, -1, Dtype::float64)),
       "optimizer: group.0.learning_rate must be finite and not negative; got -1"},
      {set("group.0.last_rate", full({}, std::nan(""), Dtype::float64)),
       "optimizer: group.0.last_rate must be finite and not negative; got nan"},
  };
  for (const Spoiled& row : table) {
    CAPTURE(row.text);
    NamedTensors state = fitting;
    row.spoil(state);
    CHECK(error_of<Error>([&] {
            optimizer.restore(state);
            return 0;
          }) == row.text);
    check_same(optimizer.state(), before);
  }
  NamedTensors shape = fitting, dtype = fitting;
  set("2.bias.velocity", zeros({3}))(shape);
  set("2.bias.velocity", zeros({2}, Dtype::float64))(dtype);
  CHECK_THROWS_AS(optimizer.restore(shape), ShapeError);
  CHECK_THROWS_AS(optimizer.restore(dtype), DtypeError);
  optimizer.restore(fitting);
  check_same(optimizer.state(), fitting);
}

TEST_CASE("a velocity of steps is not restored as one of gradients") {
  const Tensor w = leaf({1});
  optim::SGD steps({w}, {.momentum = 0.5});
  optim::SGD gradients({w}, {.momentum = 0.5, .velocity = optim::Velocity::of_gradients});
  CHECK(error_of<ValueError>([&] {
          gradients.restore(steps.state());
          return 0;
        }) ==
        "restore: the entries must be those of state(); missing: \"0.momentum_buffer\"; "
        "unexpected: \"0.velocity\"");
}

TEST_CASE("a module gives its parameters with their names") {
  const nn::Sequential model = small_model();
  const auto names = [](const optim::Optimizer& optimizer) {
    std::vector<std::string> list;
    for (const auto& [name, tensor] : optimizer.state()) list.push_back(name);
    return list;
  };
  CHECK(names(optim::SGD(model)) == names(optim::SGD(model.named_parameters())));
  CHECK(names(optim::SGD(model)).at(3) == "0.weight.updates");
  CHECK(names(optim::SGD(model.parameters())).at(3) == "0.updates");
}
