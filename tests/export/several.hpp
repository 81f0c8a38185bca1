#pragma once
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

/// Models of several inputs or results, to be handed over.
namespace models {

using namespace xtape;
using Tensors = std::vector<Tensor>;

/// Blocks of a sequence, one call each: the states go in and come out.
///   x [n, steps, 4], h and c [1, n, 6]   ->   [n, steps, 2], h, c
struct Blocks : nn::Module {
  nn::LSTM net = child("net", nn::LSTM(4, 6));
  nn::Dense out = child("out", nn::Dense(6, 2));
  std::tuple<Tensor, Tensor, Tensor> operator()(const Tensor& x, const Tensor& h,
                                                const Tensor& c) const {
    const LstmResult all = net(x, {.hidden = h, .cell = c});
    return {out(all.output), all.hidden, all.cell};
  }
};

/// Tokens int64 [n, 3] and a source float32 [n, 5, 8]: the logits of the next ones, and these.
struct Decoder : nn::Module {
  nn::Embedding words = child("words", nn::Embedding(20, 8));
  nn::MultiheadAttention attention = child("attention", nn::MultiheadAttention(8, 2));
  nn::Dense out = child("out", nn::Dense(8, 20));
  std::pair<Tensor, Tensor> operator()(const Tensor& tokens, const Tensor& source) const {
    const Tensor logits = out(attention(words(tokens), source, source));
    return {logits, argmax(logits, 2)};
  }
};

/// One input; results that are the same, its own elements, or it.
struct Encoder : nn::Module {
  nn::Dense mean = child("mean", nn::Dense(4, 2)), spread = child("spread", nn::Dense(4, 2));
  Tensors operator()(const Tensor& x) const {
    const Tensor m = mean(x);
    return {m, exp(spread(x)), x, reshape(m, {-1}), m};
  }
};

/// Weights [4, 3], which have no batch, and x [n, 4].
struct Beside : nn::Module {
  Tensor operator()(const Tensor& weights, const Tensor& x) const {
    return concatenate({matmul(x, weights), ones({x.extent(0), 1})}, 1);
  }
};

/// Of any number of tensors.
struct Total : nn::Module {
  Tensor operator()(const Tensors& parts) const {
    Tensor total = parts.at(0);
    for (std::size_t i = 1; i < parts.size(); ++i) total = total * 2 + parts[i];
    return total;
  }
};

struct SeveralCase {
  std::string name;
  std::function<void(const std::string&, const Tensors&)> to_onnx;
  std::function<void(const std::string&, const Tensors&, const CSourceOptions&)> to_c;
  std::function<Tensors(const Tensors&)> call;
  std::function<Tensors(std::int64_t)> inputs;  // of so many rows
};

template <class Model, class Call, class Inputs>
SeveralCase several(const char* name, const Model& model, const OnnxOptions& options, Call call,
                    Inputs inputs) {
  const auto dense = [=](const Tensors& x) {
    const NoGradGuard off;
    Tensors results;
    for (const Tensor& y : call(model, x)) results.push_back(y.contiguous());
    return results;
  };
  return {name,
          [=](const std::string& path, const Tensors& x) { export_onnx(path, model, x, options); },
          [=](const std::string& path, const Tensors& x, const CSourceOptions& of) {
            export_c(path, model, x, of);
          },
          dense, inputs};
}

inline std::vector<SeveralCase> of_several() {
  seed(11);
  const auto normal = [](std::int64_t rows, const Shape& shape, std::uint32_t salt) {
    return Rng(static_cast<std::uint32_t>(rows) + salt).normal(shape, 0, 1);
  };
  return {several(
              "blocks", Blocks(), {.batch_axes = {0, 1, 1}},
              [](const Blocks& model, const Tensors& x) {
                const auto [y, h, c] = model(x[0], x[1], x[2]);
                return Tensors{y, h, c};
              },
              [=](std::int64_t n) {
                return Tensors{normal(n, {n, 3, 4}, 1), normal(n, {1, n, 6}, 2),
                               normal(n, {1, n, 6}, 3)};
              }),
          several(
              "decoder", Decoder(), {},
              [](const Decoder& model, const Tensors& x) {
                const auto [logits, next] = model(x[0], x[1]);
                return Tensors{logits, next};
              },
              [=](std::int64_t n) {
                return Tensors{Rng(4).integers(0, 20, {n, 3}), normal(n, {n, 5, 8}, 5)};
              }),
          several(
              "encoder", Encoder(), {},
              [](const Encoder& model, const Tensors& x) { return model(x[0]); },
              [=](std::int64_t n) {
                return Tensors{normal(n, {n, 4}, 6)};
              }),
          several(
              "beside", Beside(), {.batch_axes = {std::nullopt, 0}},
              [](const Beside& model, const Tensors& x) { return Tensors{model(x[0], x[1])}; },
              [=](std::int64_t n) {
                return Tensors{normal(1, {4, 3}, 7), normal(n, {n, 4}, 8)};
              }),
          several(
              "total", Total(), {},
              [](const Total& model, const Tensors& x) { return Tensors{model(x)}; },
              [=](std::int64_t n) {
                return Tensors{normal(n, {n, 4}, 9), normal(n, {n, 1}, 10).to(Dtype::float64),
                               Rng(11).integers(0, 20, {n, 4})};
              })};
}

}  // namespace models
