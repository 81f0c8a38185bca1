#include <array>
#include <cstddef>
#include <ranges>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

std::vector<nn::Sequential> networks(std::int64_t count, Rng& rng) {
  std::vector<nn::Sequential> all;
  for (std::int64_t i = 0; i < count; ++i)
    all.emplace_back(nn::Dense(2, 4, {}, rng), nn::Tanh(), nn::Dense(4, 3, {}, rng));
  return all;
}

/// Two modules by their places, as a view that transforms gives them. (Clang 14 does not compile
/// those.)
template <auto function>
struct Transformed {
  struct Iterator {
    using value_type = nn::Dense;
    using difference_type = std::ptrdiff_t;
    decltype(auto) operator*() const { return function(at); }
    Iterator& operator++() { return ++at, *this; }
    Iterator operator++(int) { return {at++}; }
    bool operator==(const Iterator&) const = default;
    std::size_t at = 0;
  };
  Iterator begin() const { return {0}; }
  Iterator end() const { return {2}; }
};

template <class Modules>
concept Stackable = requires(const Modules& modules, const std::vector<Tensor>& stacked) {
  nn::stack_parameters(modules);
  nn::unstack_parameters(stacked, modules);
};

nn::Dense made(std::size_t) { return nn::Dense(2, 3); }
const nn::Dense& held(std::size_t at) {
  static const std::array<nn::Dense, 2> all{nn::Dense(2, 3), nn::Dense(2, 3)};
  return all[at];
}

}  // namespace

TEST_CASE("stack_parameters: modules that somebody holds, not ones made on the way") {
  static_assert(std::ranges::forward_range<const Transformed<made>>);
  CHECK(!Stackable<Transformed<made>>);
  CHECK(Stackable<Transformed<held>>);
  const auto parameters = nn::stack_parameters(Transformed<held>());
  CHECK(mismatch(parameters[0].detach()[1], held(1).weight.detach()) == "");
}

TEST_CASE("stack_parameters: many networks as one learn as each alone") {
  Rng rng(1);
  const std::vector<nn::Sequential> together = networks(3, rng);
  std::vector<nn::Sequential> alone;
  alone.reserve(together.size());
  for (const nn::Sequential& each : together) alone.push_back(clone(each));
  const data::Dataset points = data::spiral(10, 3, rng);

  const std::vector<Tensor> parameters = nn::stack_parameters(together);
  REQUIRE(parameters.size() == 4);
  CHECK(parameters[0].shape() == Shape{3, 2, 4});
  optim::SGD optimizer(parameters, {.learning_rate = 0.5});
  const auto losses = vmap([&](const std::vector<Tensor>& p) {
    return nn::cross_entropy(nn::with_parameters(together[0], p)(points.x), points.y);
  });
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    sum(losses(parameters)).backward();
    optimizer.step();
  }
  for (const nn::Sequential& each : alone) {
    optim::SGD own(each, {.learning_rate = 0.5});
    for (int step = 0; step < 5; ++step) {
      own.zero_grad();
      nn::cross_entropy(each(points.x), points.y).backward();
      own.step();
    }
  }
  const Tensor before = together[1]["0.weight"].detach();
  CHECK(mismatch(before, nn::stack_parameters(together)[0].detach()[1]) == "");  // still theirs
  nn::unstack_parameters(parameters, together);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    for (const auto& one : alone[i].named_parameters()) {
      const Tensor trained = together[i][one.first].detach();
      CHECK(amax(abs(trained - one.second.detach())).item() < 1e-5);
    }
  }
  CHECK(amax(abs(together[1]["0.weight"].detach() - before)).item() > 1e-3);
}

TEST_CASE("stack_parameters: leaves of their own, frozen as those are") {
  Rng rng(2);
  std::vector<nn::Sequential> two = networks(2, rng);
  two[0].freeze();
  const auto frozen = nn::stack_parameters(two);
  for (const Tensor& each : frozen) CHECK(!each.requires_grad());
  two[0].requires_grad(true);
  const auto parameters = nn::stack_parameters(two);
  for (const Tensor& each : parameters) CHECK(each.requires_grad());
  sum(parameters[0] * 2).backward();
  CHECK(!two[0]["0.weight"].grad().defined());
}

TEST_CASE("stack_parameters: modules that are unlike are refused by name") {
  const std::vector<nn::Dense> none;
  CHECK(error_of<ValueError>([&] { return nn::stack_parameters(none); }) ==
        "stack_parameters: a module is needed; got none");
  const std::vector<nn::Dense> unlike{nn::Dense(2, 3), nn::Dense(2, 4)};
  CHECK(error_of<ShapeError>([&] { return nn::stack_parameters(unlike); }) ==
        "stack_parameters: parameters must be alike; got those of module 1 and 0, weight "
        "float32[2, 4] and weight float32[2, 3]");
  const std::vector<nn::Dense> of_dtypes{nn::Dense(2, 3),
                                         nn::Dense(2, 3, {.dtype = Dtype::float64})};
  CHECK_THROWS_AS(nn::stack_parameters(of_dtypes), DtypeError);
  const std::vector<nn::Dense> of_counts{nn::Dense(2, 3), nn::Dense(2, 3, {.bias = false})};
  CHECK(error_of<ValueError>([&] { return nn::stack_parameters(of_counts); }) ==
        "stack_parameters: modules must have as many parameters; got those of module 1 and 0, 1 "
        "and 2");

  const std::vector<nn::Dense> two{nn::Dense(2, 3), nn::Dense(2, 3)};
  std::vector<Tensor> stacked = nn::stack_parameters(two);
  const Tensor before = two[0].weight.detach();
  stacked[1] = zeros({3, 3});
  CHECK(error_of<ShapeError>([&] {
          nn::unstack_parameters(stacked, two);
          return 0;
        }) == "unstack_parameters: the tensor of bias must be float32[2, 3]; got float32[3, 3]");
  stacked.pop_back();
  CHECK(error_of<ValueError>([&] {
          nn::unstack_parameters(stacked, two);
          return 0;
        }) == "unstack_parameters: there must be a tensor for each of 2 parameters; got 1");
  CHECK(mismatch(two[0].weight.detach(), before) == "");
}
