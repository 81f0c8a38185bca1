#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using Strings = std::vector<std::string>;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(3, 4));
  nn::Dense out = child("out", nn::Dense(4, 2));
  Tensor operator()(const Tensor& x) const { return out(relu(hidden(x))); }
};

struct Nested : nn::Module {
  nn::Sequential body = child("body", nn::Sequential(nn::Dense(2, 3), nn::ReLU(), nn::Dense(3, 1)));
  nn::Parameter scale = parameter("scale", ones({1}));
  nn::Buffer mean = buffer("mean", zeros({2}));
  Tensor operator()(const Tensor& x) const { return body(x - mean) * scale; }
};

/// One layer under two names.
struct Tied : nn::Module {
  nn::Dense layer = nn::Dense(2, 2);
  nn::Dense encode = child("encode", layer);
  nn::Dense again = child("again", nn::Dense(2, 2));
  Tensor operator()(const Tensor& x) const { return encode(again(encode(x))); }
};

Strings names(const NamedTensors& tensors) {
  Strings names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("module registers parts by name, in order") {
  const Mlp mlp;
  CHECK(names(mlp.named_parameters()) ==
        Strings{"hidden.weight", "hidden.bias", "out.weight", "out.bias"});
  CHECK(mlp.parameters().size() == 4);
  const Nested nested;
  CHECK(names(nested.named_parameters()) ==
        Strings{"scale", "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias"});
  CHECK(names(nested.named_buffers()) == Strings{"mean"});
  CHECK_FALSE(nested.mean.requires_grad());
  CHECK(nested.scale.requires_grad());
}

TEST_CASE("copies of a module share parameters and flags") {
  const Mlp original;
  const Mlp copy = original;
  copy.hidden.bias.assign(full({4}, 3));
  CHECK(values(original.hidden.bias) == Doubles{3, 3, 3, 3});
  copy.eval();
  CHECK_FALSE(original.training());
  CHECK_FALSE(original.hidden.training());
}

TEST_CASE("clone copies parameters, buffers and flags, members included") {
  const Nested original;
  original.eval();
  const Nested copy = clone(original);
  CHECK(names(copy.named_parameters()) == names(original.named_parameters()));
  const Tensor x = tensor({{0.5, -1.0}, {2.0, 0.25}});
  CHECK(values(copy(x)) == values(original(x)));
  CHECK_FALSE(copy.training());

  copy.scale.assign(full({1}, 2));
  copy.named_parameters()[1].second.assign(zeros({2, 3}));
  CHECK(values(original.scale) == Doubles{1});
  CHECK(values(original.named_parameters()[1].second) != values(zeros({2, 3})));
  copy.train();
  CHECK_FALSE(original.training());

  sum(original(x)).backward();
  CHECK(original.scale.grad().defined());
  CHECK_FALSE(copy.scale.grad().defined());
  const Tensor plain = original.scale;  // outside of clone() a copy is another handle
  CHECK(&plain.body() == &original.scale.body());
}

TEST_CASE("a layer used twice is one set of parameters, and so in a clone") {
  const Tied tied;
  CHECK(names(tied.named_parameters()) ==
        Strings{"encode.weight", "encode.bias", "again.weight", "again.bias"});
  const Tied copy = clone(tied);
  CHECK(&copy.layer.weight.body() == &copy.encode.weight.body());
  CHECK(&copy.layer.weight.body() != &tied.layer.weight.body());
}

TEST_CASE("clone of a sequential with functions") {
  const nn::Sequential model{nn::Dense(2, 2), relu, [](const Tensor& x) { return 2 * x; }};
  const nn::Sequential copy = clone(model);
  copy.parameters()[0].assign(zeros({2, 2}));
  CHECK(values(copy(ones({1, 2}))) == Doubles{0, 0});
  CHECK(values(model.parameters()[0]) != Doubles{0, 0, 0, 0});
}

TEST_CASE("to changes the dtype of all parameters in place") {
  const Mlp mlp;
  const Tensor handle = mlp.hidden.weight;
  const Doubles before = values(handle);
  mlp.to(Dtype::float64);
  CHECK(handle.dtype() == Dtype::float64);
  CHECK(values(handle) == before);
  CHECK(handle.requires_grad());
  const Tensor y = mlp(ones({5, 3}, Dtype::float64));
  CHECK(y.dtype() == Dtype::float64);
  sum(y).backward();
  CHECK(handle.grad().dtype() == Dtype::float64);
  CHECK(error_of<DtypeError>([&] {
          mlp.to(Dtype::int64);
          return 0;
        }) == "to: parameters need a floating dtype; got int64");
}

TEST_CASE("errors inside a module name the layer") {
  const Mlp mlp;
  CHECK(error_of<ShapeError>([&] {
          return mlp(ones({2, 5}));
        }) ==
        "linear: inner extents must be equal; got float32[2, 5] and float32[3, 4] (in hidden)");
  const Nested nested;
  CHECK(error_of<ShapeError>([&] {
          return nested.body(ones({2, 5}));
        }) ==
        "linear: inner extents must be equal; got float32[2, 5] and float32[2, 3] (in body.0)");
  const nn::Sequential functions{nn::ReLU(), [](const Tensor& x) {
                                   return matmul(x, ones({7, 1}));
                                 }};
  CHECK(error_of<ShapeError>([&] {
          return functions(ones({2, 5}));
        }) == "matmul: inner extents must be equal; got float32[2, 5] and float32[7, 1] (in 1)");
  CHECK(error_of<ShapeError>([&] { return matmul(ones({2}), ones({3})); }).find("(in") ==
        std::string::npos);
}

TEST_CASE("names are refused that are empty, taken or have a dot") {
  struct Registers : nn::Module {
    explicit Registers(const std::string& name) {
      parameter("w", ones({1}));
      child("layer", nn::ReLU());
      buffer(name, ones({1}));
    }
  };
  CHECK_NOTHROW(Registers("b"));
  for (const char* name : {"", "w", "layer", "a.b"}) {
    CHECK(error_of<ValueError>([&] { return Registers(name); }) ==
          "module: a part needs a name of its own, without dots; got \"" + std::string(name) +
              "\"");
  }
}

TEST_CASE("train and eval reach all children") {
  const nn::Sequential model{nn::Dense(2, 2), nn::Sequential(nn::Dropout(0.5), nn::ReLU())};
  CHECK(model.training());
  model.eval();
  const Tensor x = ones({4, 2});
  CHECK(values(model(x)) == values(model(x)));  // no dropout
  model.train();
  CHECK(model.training());
}

TEST_CASE("regularization loss sums the penalties of all layers") {
  const nn::Sequential model{nn::Dense(1, 2,
                                       {.weight_l1 = 0.5,
                                        .weight_l2 = 0.25,
                                        .bias_l1 = 2,
                                        .bias_l2 = 3,
                                        .dtype = Dtype::float64}),
                             nn::Dense(2, 1, {.weight_l2 = 10, .dtype = Dtype::float64})};
  const auto p = model.parameters();
  p[0].assign(tensor({{1.0, -2.0}}, Dtype::float64));
  p[1].assign(tensor({0.0, -1.0}, Dtype::float64));
  p[2].assign(tensor({{3.0}, {0.0}}, Dtype::float64));
  const Tensor loss = model.regularization_loss();
  // 0.5 (1 + 2) + 0.25 (1 + 4) + 2 (0 + 1) + 3 (0 + 1) + 10 (9 + 0)
  CHECK(loss.item() == doctest::Approx(1.5 + 1.25 + 2 + 3 + 90).epsilon(1e-15));
  loss.backward();
  // l1 sign(w), with +1 at 0 as in Neural Networks from Scratch, chapter 14, and 2 l2 w
  CHECK(values(p[0].grad()) == Doubles{0.5 + 0.5, -0.5 - 1.0});
  CHECK(values(p[1].grad()) == Doubles{2, -2 - 6});
  CHECK(values(p[2].grad()) == Doubles{60, 0});
  CHECK_FALSE(p[3].grad().defined());
  CHECK(nn::Dense(2, 2).regularization_loss().item() == 0);
  CHECK(error_of<ValueError>([] { return nn::Dense(2, 2, {.weight_l2 = -1}); }) ==
        "regularization: l2 must be finite and not negative; got -1");
}

TEST_CASE("one layer under two names is listed under the first") {
  struct Twice : nn::Module {
    nn::Dense a = child("a", nn::Dense(1, 1));
    nn::Dense b = child("b", a);
    void take_again() { child("a", nn::Dense(1, 1)); }
  };
  Twice twice;
  CHECK(names(twice.named_parameters()) == Strings{"a.weight", "a.bias"});
  CHECK_THROWS_AS(twice.take_again(), ValueError);
}

TEST_CASE("errors in a module inside a sequential name the whole path") {
  const nn::Sequential model{nn::ReLU(), Mlp()};
  CHECK(error_of<ShapeError>([&] { return model(ones({2, 5})); }).ends_with("(in 1.hidden)"));
}

TEST_CASE("clone within a clone leaves the outer one whole") {
  struct Frozen : nn::Module {
    Frozen() = default;
    Frozen(const Frozen& other) : nn::Module(other), early(other.early), late(other.late) {
      static_cast<void>(nn::clone(nn::Dense(1, 1)));
    }
    nn::Parameter early = parameter("early", ones({1}));
    nn::Parameter late = parameter("late", ones({1}));
  };
  const Frozen original;
  const Frozen copy = nn::clone(original);
  const auto parameters = copy.parameters();
  CHECK(&parameters[0].body() == &copy.early.body());
  CHECK(&parameters[1].body() == &copy.late.body());
  CHECK(&copy.late.body() != &original.late.body());
}

TEST_CASE("a parameter that is moved from is still the module's") {
  nn::Dense dense(2, 1);
  const Tensor taken = std::move(dense.weight);
  CHECK(dense.weight.defined());  // NOLINT(bugprone-use-after-move): that is what is asked
  Tensor bias;
  bias = std::move(dense.bias);
  dense.weight.assign(full({2, 1}, 2));
  dense.bias.assign(ones({1}));
  CHECK(dense(ones({1, 2})).item() == 5);
  CHECK(taken.to_vector<float>() == std::vector<float>{2, 2});
  CHECK(bias.item() == 1);
}
