// What holds for each of the small layers and containers; their values: peers/small_layers.cpp,
// peers/elementwise.cpp and by hand below.
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

struct Use {
  std::string name;
  nn::AnyModule layer;
  Shape input;
  std::string printed;
  Tensor wrong;  // of a shape that the layer refuses, if it refuses any
};

std::vector<Use> uses() {
  const auto f64 = Dtype::float64;
  const nn::ConvOptions conv{.padding = 1, .dtype = f64};
  const Tensor flat = ones({3}, f64);
  return {
      {"PReLU", nn::PReLU(4, {.dtype = f64}), {3, 4, 2}, "PReLU(4)", flat},
      {"GLU", nn::GLU(1), {3, 4, 2}, "GLU(1)", ones({2, 3})},
      {"Hardtanh", nn::Hardtanh(-1.5, 1.25), {3, 4}, "Hardtanh(-1.5, 1.25)", {}},
      {"Softplus", nn::Softplus({.beta = 2}), {3, 4}, "Softplus(beta=2)", {}},
      {"Mish", nn::Mish(), {3, 4}, "Mish()", {}},
      {"Upsample", nn::Upsample({.scale = 2}), {2, 2, 3}, "Upsample(scale=2)", flat},
      {"Upsample, linear",
       nn::Upsample({.size = {3, 5}, .mode = nn::Interpolation::linear}),
       {2, 2, 2, 3},
       "Upsample(size=[3, 5], mode=linear)",
       flat},
      {"PixelShuffle", nn::PixelShuffle(2), {2, 4, 2, 1}, "PixelShuffle(2)", ones({1, 3, 2, 2})},
      {"PixelUnshuffle", nn::PixelUnshuffle(2), {2, 1, 2, 4}, "PixelUnshuffle(2)", ones({1, 3, 3})},
      {"Unflatten", nn::Unflatten(1, {2, -1}), {3, 6}, "Unflatten(1, [2, -1])", ones({3, 5})},
      {"GlobalAvgPool", nn::GlobalAvgPool(), {3, 2, 4}, "GlobalAvgPool()", ones({3, 2})},
      {"GlobalMaxPool", nn::GlobalMaxPool(), {3, 2, 4}, "GlobalMaxPool()", ones({3, 2})},
      {"Conv2d, channels last",
       nn::Conv2d(2, 3, 3, {.padding = 1, .channels = nn::Channels::last, .dtype = f64}),
       {2, 4, 3, 2},
       "Conv2d(2, 3, 3, padding=1, channels=last)",
       ones({2, 4, 3, 3}, f64)},
      {"MaxPool2d, channels last",
       nn::MaxPool2d(2, {}, nn::Channels::last),
       {2, 4, 2, 2},
       "MaxPool2d(2)",
       flat},
      {"WeightNorm", nn::WeightNorm(nn::Dense(4, 3, {.dtype = f64})), {2, 4}, "", flat},
      {"WeightNorm, convolution", nn::WeightNorm(nn::Conv1d(2, 3, 3, conv)), {2, 2, 4}, "", flat},
      {"SpectralNorm", nn::SpectralNorm(nn::Dense(4, 3, {.dtype = f64})), {2, 4}, "", flat},
      {"Parallel",
       nn::Parallel{nn::Dense(4, 3, {.dtype = f64}), nn::Dense(4, 3, {.dtype = f64})},
       {2, 4},
       "",
       flat},
      {"Concatenate",
       nn::Concatenate{nn::Dense(4, 3, {.dtype = f64}), [](const Tensor& x) { return tanh(x); }},
       {2, 4},
       "",
       flat},
  };
}

template <class M>
std::string printed(const M& module) {
  std::ostringstream text;
  text << module;
  return text.str();
}

}  // namespace

TEST_CASE("small layers: derivatives of order 2 by input and parameters, as functions of them") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    use.layer->eval();  // SpectralNorm: the same vectors each time
    Tensors inputs{drawn(use.input, -2, 2, 3)};
    for (const Tensor& p : use.layer->parameters()) inputs.push_back(p.detach().clone());
    const auto f = [&](const Tensors& v) {
      return nn::with_parameters(use.layer, Tensors(v.begin() + 1, v.end()))(v[0]);
    };
    CHECK(mismatch(f(inputs), use.layer(inputs[0])) == "");
    CHECK(gradcheck(f, inputs, {.order = 2}));
  }
}

TEST_CASE("small layers: vmap, strided inputs, float32 beside float64, NaN, nothing") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    use.layer->eval();
    const Tensor x = drawn(use.input, -2, 2, 3), y = use.layer(x);
    const Tensor both = stack({x, flip(x, 0)});
    CHECK(mismatch(vmap([&](const Tensor& one) { return use.layer(one); })(both),
                   stack({y, use.layer(flip(x, 0))}), 1e-14) == "");
    const Tensor strided = swapaxes(swapaxes(x, 0, -1).clone(), 0, -1);
    CHECK(mismatch(use.layer(strided), y, 1e-15) == "");
    CHECK(mismatch(use.layer(x * std::nan("")) == 0, y != y) == "");
    const Tensor none = use.layer(slice(x, {range(0, 0)}));
    CHECK(none.extent(0) == 0);
    CHECK(none.rank() == y.rank());
    use.layer->to(Dtype::float32);
    CHECK(mismatch(use.layer(x.to(Dtype::float32)), y.to(Dtype::float32), 4e-6) == "");
  }
}

TEST_CASE("small layers: clones, states and printing") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    use.layer->eval();
    const Tensor x = drawn(use.input, -2, 2, 3), y = use.layer(x);
    const auto state = use.layer->state();
    const nn::AnyModule copy = clone(use.layer);
    for (const Tensor& p : use.layer->parameters()) p.assign(p.detach() * 0.5 + 1);
    CHECK(mismatch(copy(x), y) == "");
    if (!state.empty()) CHECK(mismatch(use.layer(x), y) != "");
    use.layer->restore(state);
    CHECK(mismatch(use.layer(x), y) == "");
    if (use.printed.empty()) continue;
    CHECK(printed(nn::Sequential{use.layer}) == "Sequential(\n  (0): " + use.printed + "\n)");
  }
}

TEST_CASE("small layers: what does not fit is refused in the layer's name, and nothing changes") {
  for (const Use& use : uses()) {
    if (!use.wrong.defined()) continue;
    CAPTURE(use.name);
    const nn::Sequential model{nn::Identity(), use.layer};
    const auto state = model.state();
    const std::string text = error_of<ShapeError>([&] { return model(use.wrong); });
    CHECK(text.find("(in 1") != std::string::npos);
    const auto after = model.state();
    for (std::size_t i = 0; i < state.size(); ++i)
      CHECK(mismatch(after[i].second, state[i].second) == "");
  }
}

TEST_CASE("Bilinear: equal leading axes, no bias, states, refusals") {
  const nn::Bilinear layer(2, 3, 4, {.bias = false, .dtype = Dtype::float64});
  CHECK(printed(layer) == "Bilinear(2, 3, 4, bias=false)");
  const Tensor a = drawn({5, 2, 2}, -1, 1, 1), b = drawn({5, 2, 3}, -1, 1, 2);
  CHECK(mismatch(layer(a, b), einsum("xyi,kij,xyj->xyk", {a, layer.weight, b}), 1e-14) == "");
  CHECK(layer(ones({2}, a.dtype()), ones({3}, a.dtype())).shape() == Shape{4});
  CHECK(layer(zeros({0, 2}, a.dtype()), zeros({0, 3}, a.dtype())).shape() == Shape{0, 4});
  CHECK(
      error_of<ShapeError>([&] { return layer(a, a); }) ==
      "bilinear: inputs must be [..., 2] and [..., 3]; got float64[5, 2, 2] and float64[5, 2, 2]");
  CHECK(error_of<DtypeError>([&] { return layer(a, b.to(Dtype::float32)); }).find("bilinear") == 0);
  const nn::Bilinear theirs(16, 3, 4, nn::torch::defaults);
  CHECK(amax(abs(theirs.weight)).item() <= 0.25);
  CHECK(amax(abs(theirs.bias)).item() <= 0.25);
}

TEST_CASE("WeightNorm and SpectralNorm: at first, their states, what training changes") {
  Rng rng(7);
  const nn::Dense dense(4, 3, {.dtype = Dtype::float64}, rng);
  const Tensor x = drawn({2, 4}, -1, 1), y = dense(x);
  const nn::WeightNorm normed(clone(dense));
  CHECK(mismatch(normed(x), y, 1e-14) == "");
  CHECK(normed.g.shape() == Shape{1, 3});
  CHECK(normed.state()[0].first == "g");
  CHECK(normed.state()[1].first == "layer.weight");
  normed.layer.weight.assign(3 * normed.layer.weight.detach());  // only directions count
  CHECK(mismatch(normed(x), y, 1e-14) == "");

  const nn::SpectralNorm spectral(clone(dense), {.iterations = 50}, rng);
  const auto greatest = [](const Tensor& w) { return linalg::svd(w.detach()).s[0].item(); };
  CHECK(greatest(spectral.weight()) == doctest::Approx(1));
  const Tensor before = spectral.u.detach().clone();
  spectral.layer.weight.assign(drawn({4, 3}, -1, 1, 8));
  spectral.eval();
  static_cast<void>(spectral(x));
  CHECK(mismatch(spectral.u, before) == "");
  spectral.train();
  static_cast<void>(spectral(x));
  CHECK(mismatch(spectral.u, before) != "");
  CHECK(greatest(spectral.weight()) == doctest::Approx(1));
  CHECK(spectral.state()[2].first == "_u");
}

TEST_CASE("Parallel and Concatenate: sums, axes, what does not fit") {
  const Tensor x = drawn({2, 3}, -1, 1);
  const auto twice = [](const Tensor& v) { return 2 * v; };
  const auto part = [](const Tensor& v) { return slice(v, {Slice::all, range(0, 1)}); };
  CHECK(mismatch(nn::Parallel{twice, nn::Identity()}(x), 3 * x) == "");
  CHECK(mismatch(nn::Concatenate{twice, part}(x), concatenate({2 * x, part(x)}, 1)) == "");
  CHECK(mismatch(nn::Concatenate(nn::ConcatenateOptions{.axis = 0}, twice, nn::Tanh())(x),
                 concatenate({2 * x, tanh(x)}, 0)) == "");
  CHECK(nn::Concatenate{nn::Concatenate{twice, twice}, twice}(x).shape() == Shape{2, 9});
  CHECK(error_of<ShapeError>([&] {
          return nn::Parallel{twice, part}(x);
        }) == "parallel: all layers must give one shape; got float64[2, 3] and float64[2, 1]");
  CHECK(error_of<ValueError>([&] { return nn::Parallel()(x); }) == "parallel: there are no layers");
  CHECK(error_of<ValueError>([&] { return nn::Concatenate()(x); }) ==
        "concatenate: there are no layers");
  const nn::Sequential model{nn::Dense(3, 2), nn::Concatenate{nn::Dense(2, 2), nn::Dense(2, 1)}};
  CHECK(model.named_parameters()[4].first == "1.1.weight");
}

TEST_CASE("ModuleDict: parts by name, in order, replaced, cloned") {
  struct Model : nn::Module {
    nn::ModuleDict<> heads = child("heads", nn::ModuleDict<>());
  };
  Model model;
  model.heads.insert("age", nn::Dense(2, 1));
  model.heads.insert("name", nn::Sequential{nn::Dense(2, 3), nn::ReLU()});
  CHECK(model.named_parameters()[0].first == "heads.age.weight");
  CHECK(model.named_parameters()[2].first == "heads.name.0.weight");
  CHECK(model.heads.size() == 2);
  CHECK(model.heads.contains("age"));
  CHECK(!model.heads.contains("height"));
  CHECK(model.heads["name"](ones({4, 2})).shape() == Shape{4, 3});
  model.heads["age"] = nn::Dense(2, 5);
  const Model copy = clone(model);
  CHECK(copy.heads["age"](ones({4, 2})).shape() == Shape{4, 5});
  std::string names;
  for (const auto& [name, head] : copy.heads) names += name + " ";
  CHECK(names == "age name ");
  CHECK(error_of<IndexError>([&] { return model.heads["height"].operator->(); }) ==
        "module dict: there is no \"height\", but age, name");
  CHECK_THROWS_AS(model.heads.insert("age", nn::Dense(1, 1)), ValueError);
  CHECK(model.heads.size() == 2);
}

TEST_CASE("channels last: as channels first, transposed") {
  Rng rng(3);
  const Tensor x = drawn({2, 5, 6, 4}, -1, 1), first = moveaxis(x, 3, 1);
  const auto check = [&](const auto& last, const auto& of_first) {
    CHECK(mismatch(last(x), moveaxis(of_first(first), 1, 3), 1e-15) == "");
    CHECK(mismatch(last(x[0]), moveaxis(of_first(first[0]), 0, 2), 1e-15) == "");
  };
  const nn::ConvOptions options{.stride = 2, .padding = 1, .groups = 2, .dtype = x.dtype()};
  nn::ConvOptions last = options;
  last.channels = nn::Channels::last;
  Rng again = rng;
  check(nn::Conv2d(4, 6, 3, last, rng), nn::Conv2d(4, 6, 3, options, again));
  nn::ConvTransposeOptions up{.stride = 2, .dtype = x.dtype()};
  again = rng;
  const nn::ConvTranspose2d of_first(4, 3, 2, up, again);
  up.channels = nn::Channels::last;
  check(nn::ConvTranspose2d(4, 3, 2, up, rng), of_first);
  check(nn::MaxPool2d(2, {.stride = 1}, nn::Channels::last), nn::MaxPool2d(2, {.stride = 1}));
  check(nn::AvgPool2d(2, {.padding = 1}, nn::Channels::last), nn::AvgPool2d(2, {.padding = 1}));
  check(nn::AdaptiveAvgPool2d(2, nn::Channels::last), nn::AdaptiveAvgPool2d(2));
}
