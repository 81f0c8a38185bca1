// Layers of sequences: what holds for each of them, then each by itself.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

/// A cell as a layer over the first step of a sequence.
template <class Cell>
struct FirstStep : nn::Module {
  explicit FirstStep(const Cell& of) : cell(child("cell", of)) {}
  Cell cell;
  Tensor operator()(const Tensor& x) const {
    const Tensor step = x.rank() == 3 ? slice(x, {Slice::all, 0}) : x[0];
    const auto state = cell(step);
    if constexpr (requires { state.hidden; })
      return state.hidden + state.cell;
    else
      return state;
  }
};

/// A decoder of a sequence, with half of it in the place of memory.
template <class Decoder>
struct Decoded : nn::Module {
  explicit Decoded(const Decoder& of) : decoder(child("decoder", of)) {}
  Decoder decoder;
  Tensor operator()(const Tensor& x) const { return decoder(x, 0.5 * x); }
};

/// Calls f with each layer, of [batch, steps, 4], drawn for a seed.
template <class F>
void for_each_layer(std::uint64_t seed, const F& f) {
  Rng rng(seed);
  const nn::TransformerOptions small{.feed_forward_width = 6, .dropout = 0, .final_norm = true};
  nn::TransformerOptions first = small;
  first.norm_first = true;
  first.activation = nn::FeedForwardActivation::gelu;
  f("RNN", nn::RNN(4, 3, {.layers = 2}, rng));
  f("RNN: relu", nn::RNN(4, 3, {.bias = false, .nonlinearity = Nonlinearity::relu}, rng));
  f("GRU", nn::GRU(4, 3, {.bidirectional = true}, rng));
  f("LSTM", nn::LSTM(4, 3, {.layers = 2, .bidirectional = true}, rng));
  f("RNNCell", FirstStep(nn::RNNCell(4, 3, {}, rng)));
  f("GRUCell", FirstStep(nn::GRUCell(4, 3, {.bias = false}, rng)));
  f("LSTMCell", FirstStep(nn::LSTMCell(4, 3, {}, rng)));
  f("MultiheadAttention", nn::MultiheadAttention(4, 2, {}, rng));
  f("TransformerEncoderLayer", nn::TransformerEncoderLayer(4, 2, first, rng));
  f("TransformerEncoder", nn::TransformerEncoder(4, 2, 2, small, rng));
  f("TransformerDecoder", Decoded(nn::TransformerDecoder(4, 2, 1, small, rng)));
  f("TransformerDecoderLayer", Decoded(nn::TransformerDecoderLayer(4, 1, first, rng)));
  f("LearnedPositions", nn::LearnedPositions(5, 4, {}, rng));
}

/// The same in float64, with numbers for each that is 0 at first.
template <class F>
void for_each_double(const F& f) {
  for_each_layer(1, [&](const char* name, auto layer) {
    CAPTURE(name);
    layer.to(Dtype::float64);
    for (const Tensor& p : layer.parameters()) p.assign(p + 0.1 * drawn(p.shape(), -1, 1, 5));
    f(name, layer);
  });
}

Tensor sequences() { return drawn({2, 3, 4}, -1, 1); }

double product(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

}  // namespace

TEST_CASE("layers of sequences: strided, empty, one alone, vmap") {
  for_each_double([](const char*, const auto& layer) {
    const Tensor x = sequences(), y = layer(x);
    CHECK(mismatch(layer(transpose(transpose(x).contiguous())), y, 1e-14) == "");
    CHECK(mismatch(layer(flip(flip(x, 1).contiguous(), 1)), y, 1e-14) == "");
    CHECK(mismatch(layer(slice(x, {range(1, 2)}))[0], y[1], 1e-14) == "");
    CHECK(mismatch(layer(x[1]), y[1], 1e-14) == "");
    CHECK(mismatch(vmap([&](const Tensor& one) { return layer(one); })(x), y, 1e-13) == "");
    const Tensor none = layer(zeros({0, 3, 4}, Dtype::float64));
    CHECK(none.extent(0) == 0);
    CHECK(none.rank() == y.rank());
    sum(none).backward();
    for (const Tensor& p : layer.parameters()) {
      if (p.grad().defined()) CHECK(sum(abs(p.grad())).item() == 0);
    }
  });
}

TEST_CASE(
    "layers of sequences: forward mode is the transpose of backward, and gradients have "
    "gradients") {
  for_each_double([](const char*, const auto& layer) {
    const Tensor x = sequences(), v = drawn(x.shape(), -1, 1, 2);
    const auto f = [&](const Tensor& at) { return layer(at); };
    const auto [y, dy] = jvp(f, x, v);
    const Tensor w = drawn(y.shape(), -1, 1, 3);
    CHECK(product(w, dy) == doctest::Approx(product(v, vjp(f, x).second(w))).epsilon(1e-11));
    // Of the parameters, by the difference of two gradients along a direction.
    const auto loss = [&](const Tensors& p) {
      return sum(square(nn::with_parameters(layer, p)(x)));
    };
    const Tensors at = layer.parameters();
    Tensors along, ahead, behind;
    for (const Tensor& p : at) {
      along.push_back(drawn(p.shape(), -1, 1, along.size()));
      ahead.push_back(p.detach() + 1e-5 * along.back());
      behind.push_back(p.detach() - 1e-5 * along.back());
    }
    const Tensors exact = hvp(loss, at, along), high = grad(loss)(ahead), low = grad(loss)(behind);
    for (std::size_t i = 0; i < at.size(); ++i)
      CHECK(mismatch(exact[i].detach(), (high[i] - low[i]).detach() / 2e-5, 1e-6) == "");
  });
}

TEST_CASE("layers of sequences: clones, states and parameters that are given") {
  std::vector<NamedTensors> states;
  Tensors results;
  for_each_layer(1, [&](const char*, const auto& layer) {
    const Tensor x = sequences().to(Dtype::float32);
    const auto copy = nn::clone(layer);
    CHECK(mismatch(copy(x), layer(x)) == "");
    CHECK(mismatch(nn::with_parameters(layer, layer.parameters())(x), layer(x)) == "");
    states.push_back(copy.state());
    results.push_back(layer(x).detach());
    for (const Tensor& p : copy.parameters()) p.assign(p + 1);
    CHECK(mismatch(layer(x), results.back()) == "");
  });
  std::size_t i = 0;
  for_each_layer(2, [&](const char* name, const auto& layer) {
    CAPTURE(name);
    CHECK(mismatch(layer(sequences().to(Dtype::float32)), results[i]) != "");
    layer.restore(states[i]);
    CHECK(mismatch(layer(sequences().to(Dtype::float32)), results[i++]) == "");
  });
}

TEST_CASE("layers of sequences: NaN stays in its sequence") {
  for_each_double([](const char*, const auto& layer) {
    const Tensor x = set(sequences(), {0, 0, 1}, std::numeric_limits<double>::quiet_NaN());
    const Tensor y = layer(x);
    CHECK(any(isnan(y[0])).item() == 1);
    CHECK(mismatch(y[1], layer(sequences())[1]) == "");
  });
}

TEST_CASE("layers of sequences say where something does not fit, before anything changes") {
  for_each_layer(1, [&](const char* name, const auto& layer) {
    CAPTURE(name);
    const nn::Sequential model{layer};
    const NamedTensors before = nn::clone(model).state();
    const auto names_layer = [](const std::string& text) {
      return text.find("(in 0") != std::string::npos;
    };
    CHECK(names_layer(error_of<ShapeError>([&] { return model(ones({2, 3, 5})); })));
    CHECK(names_layer(error_of<DtypeError>([&] { return model(ones({2, 3, 4}, Dtype::int64)); })));
    CHECK(names_layer(error_of<DtypeError>([&] {
      return model(ones({2, 3, 4}, Dtype::float64));
    })));
    const NamedTensors after = model.state();
    for (std::size_t i = 0; i < after.size(); ++i)
      CHECK(mismatch(after[i].second, before[i].second) == "");
  });
}

TEST_CASE("recurrent layers: names of their state, printing, replacing, weights by layer") {
  const nn::LSTM layer(3, 2, {.layers = 2, .bidirectional = true});
  std::string names;
  for (const auto& [name, tensor] : layer.state()) names += name + " ";
  CHECK(names ==
        "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 weight_ih_l0_reverse weight_hh_l0_reverse "
        "bias_ih_l0_reverse bias_hh_l0_reverse weight_ih_l1 weight_hh_l1 bias_ih_l1 bias_hh_l1 "
        "weight_ih_l1_reverse weight_hh_l1_reverse bias_ih_l1_reverse bias_hh_l1_reverse ");
  CHECK(layer.weights(1, true).weight_ih.shape() == Shape{8, 4});
  CHECK(error_of<IndexError>([&] { return layer.weights(2).weight_ih; }) ==
        "lstm: there are 2 layers of 2 directions; got layer 2");
  std::ostringstream printed;
  printed << layer;
  CHECK(printed.str().find("LSTM(3, 2, layers=2, bidirectional=true)") != std::string::npos);
  struct Model : nn::Module {
    nn::GRU net = child("net", nn::GRU(2, 3));
    Tensor operator()(const Tensor& x) const { return net(x); }
  };
  Model model;
  model.net = nn::GRU(2, 5, {.bias = false});
  CHECK(model.parameters().size() == 2);
  CHECK(model(ones({1, 4, 2})).shape() == Shape{1, 4, 5});
  const Model copy = nn::clone(model);
  CHECK(mismatch(copy(ones({1, 4, 2})), model(ones({1, 4, 2}))) == "");
}

TEST_CASE(
    "recurrent layers: padded sequences are the sequences alone, in both directions and layers") {
  const nn::LSTM layer(4, 3, {.layers = 2, .bidirectional = true, .dtype = Dtype::float64});
  const Tensor x = drawn({3, 5, 4}, -1, 1);
  const std::vector<std::int64_t> lengths{2, 5, 4};
  const auto [output, hidden, cell] = layer(x, {.lengths = from_vector(lengths)});
  const Tensor padded = set(x, {0, range(2, 5)}, std::numeric_limits<double>::quiet_NaN());
  const Tensor same = layer(padded, {.lengths = from_vector(lengths)}).output;
  CHECK(mismatch(same, output) == "");
  sum(same).backward();
  for (const Tensor& p : layer.parameters()) CHECK(all(isfinite(p.grad())).item() == 1);
  for (std::int64_t b = 0; b < 3; ++b) {
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    const LstmResult alone = layer(slice(x, {b, range(0, length)}), {});
    CHECK(mismatch(slice(output, {b, range(0, length)}), alone.output, 1e-14) == "");
    CHECK(sum(abs(slice(output, {b, range(length, {})}))).item() == 0);
    CHECK(mismatch(slice(hidden, {Slice::all, b}), alone.hidden, 1e-14) == "");
    CHECK(mismatch(slice(cell, {Slice::all, b}), alone.cell, 1e-14) == "");
  }
  CHECK(error_of<ShapeError>([&] {
          return layer(x, {.hidden = ones({4, 2, 3})}).output;
        }) ==
        "lstm: hidden must be [4, 3, 3], [layers directions, batch, width]; got float32[4, 2, 3]");
}

TEST_CASE("recurrent layers: a state handed on continues, and detached cuts what flows back") {
  const nn::GRU layer(4, 3, {.layers = 2, .batch_first = false, .dtype = Dtype::float64});
  const Tensor x = drawn({6, 2, 4}, -1, 1).set_requires_grad(true);
  const auto whole = layer(x, {});
  const auto first = layer(slice(x, {range(0, 4)}), {});
  const auto second = layer(slice(x, {range(4, 6)}), {.hidden = first.hidden});
  CHECK(mismatch(concatenate({first.output, second.output}), whole.output, 1e-14) == "");
  CHECK(mismatch(second.hidden, whole.hidden, 1e-14) == "");
  sum(layer(slice(x, {range(4, 6)}), {.hidden = first.hidden.detach()}).output).backward();
  CHECK(sum(abs(slice(x.grad(), {range(0, 4)}))).item() == 0);
  CHECK(sum(abs(slice(x.grad(), {range(4, 6)}))).item() > 0);
}

TEST_CASE("recurrent layers: dropout between layers, in training only") {
  Rng rng(1);
  const nn::RNN layer(4, 50, {.layers = 2, .dropout = 0.5}, rng);
  const Tensor x = ones({1, 3, 4});
  CHECK(mismatch(layer(x), layer(x)) != "");
  layer.eval();
  CHECK(mismatch(layer(x), layer(x)) == "");
  CHECK(nn::RNN(4, 5, {.layers = 2}).state().size() == 8);
}

TEST_CASE("multi-head attention: masks in PyTorch's words, weights, what nobody may attend to") {
  const nn::MultiheadAttention layer(4, 2, {.dtype = Dtype::float64});
  const Tensor x = drawn({2, 3, 4}, -1, 1);
  const Tensor later = !tril(ones({3, 3}, Dtype::boolean));
  const Tensor y = layer(x, {.causal = true});
  CHECK(mismatch(layer(x, {.attn_mask = later}), y, 1e-15) == "");
  CHECK(mismatch(layer(x, {.attn_mask = broadcast_to(later, {4, 3, 3})}), y, 1e-15) == "");
  const Tensor added =
      where(later, -std::numeric_limits<double>::infinity(), zeros({}, Dtype::float64));
  CHECK(mismatch(layer(x, {.attn_mask = added}), y, 1e-15) == "");
  const Tensor padding = tensor({{false, false, true}, {false, true, true}});
  const Tensor padded = layer(x, {.attn_mask = added, .key_padding_mask = padding});
  CHECK(mismatch(slice(padded, {1, range(0, 1)}), layer(slice(x, {1, range(0, 1)})), 1e-14) == "");
  CHECK(mismatch(layer(x, {.key_padding_mask = padding})[0][0],
                 layer(slice(x, {0, range(0, 1)}), slice(x, {0, range(0, 2)}),
                       slice(x, {0, range(0, 2)}))[0],
                 1e-14) == "");
  const auto [output, weights] = layer.with_weights(x, x, x, {.masks = {.causal = true}});
  CHECK(mismatch(output, y, 1e-14) == "");
  CHECK(weights.shape() == Shape{2, 3, 3});
  CHECK(mismatch(sum(weights, -1), ones({2, 3}, Dtype::float64), 1e-14) == "");
  CHECK(layer.with_weights(x, x, x, {.average = false}).weights.shape() == Shape{2, 2, 3, 3});
  const Tensor nothing = layer(x, {.key_padding_mask = ones({2, 3}, Dtype::boolean)});
  CHECK(mismatch(nothing, broadcast_to(layer.out_proj.bias, {2, 3, 4}), 1e-15) == "");
  sum(square(nothing)).backward();
  CHECK(all(isfinite(layer.in_proj_weight.grad())).item() == 1);
  CHECK(error_of<ShapeError>([&] {
          return layer(x, {.attn_mask = ones({3, 2}, Dtype::boolean)});
        }) == "multihead_attention: attn_mask must be [3, 3] or [4, 3, 3]; got boolean[3, 2]");
  CHECK(error_of<ShapeError>([&] {
          return layer(x, {.key_padding_mask = ones({3}, Dtype::boolean)});
        }) == "multihead_attention: key_padding_mask must be [2, 3]; got boolean[3]");
  CHECK(error_of<DtypeError>([&] {
          return layer(x, {.key_padding_mask = ones({2, 3}, Dtype::int64)});
        }) == "multihead_attention: key_padding_mask must be boolean or float64; got int64[2, 3]");
}

TEST_CASE("multi-head attention: keys of its own are there whatever is masked, the last") {
  const Tensor x = drawn({2, 3, 4}, -1, 1), everything = ones({2, 3}, Dtype::boolean);
  const nn::MultiheadAttention learnt(4, 2, {.add_bias_kv = true, .dtype = Dtype::float64});
  CHECK(learnt.bias_k.shape() == Shape{1, 1, 4});
  const NamedTensors torch = nn::torch::state(learnt);
  CHECK(torch.size() == 6);
  CHECK(std::ranges::count_if(torch, [&](const auto& of) {
          return (of.first == "bias_k" && mismatch(of.second, learnt.bias_k) == "") ||
                 (of.first == "bias_v" && mismatch(of.second, learnt.bias_v) == "");
        }) == 2);
  // Where nothing else may be attended to, all get bias_v.
  const Tensor alone = learnt(x, {.key_padding_mask = everything});
  CHECK(mismatch(alone, broadcast_to(learnt.out_proj(learnt.bias_v), {2, 3, 4}), 1e-15) == "");
  const auto causal = learnt.with_weights(x, x, x, {.masks = {.causal = true}});
  CHECK(mismatch(causal.output, learnt(x, {.causal = true}), 1e-14) == "");
  CHECK(mismatch(sum(causal.weights, -1), ones({2, 3}, Dtype::float64), 1e-14) == "");
  const Tensor seen = tensor({{1, 0, 0, 1}, {1, 1, 0, 1}, {1, 1, 1, 1}});
  CHECK(all((causal.weights > 0) == (seen == 1)).item() == 1);

  const nn::MultiheadAttention zero(4, 2, {.add_zero_attn = true, .dtype = Dtype::float64});
  CHECK(zero.state().size() == 4);
  CHECK(mismatch(zero(x, {.key_padding_mask = everything}),
                 broadcast_to(zero.out_proj.bias, {2, 3, 4}), 1e-15) == "");
  const Tensor shares = zero.with_weights(x[0], x[0], x[0], {.average = false}).weights;
  CHECK(shares.shape() == Shape{2, 3, 4});
  CHECK(all(shares > 0).item() == 1);

  const nn::MultiheadAttention both(
      4, 2, {.add_bias_kv = true, .add_zero_attn = true, .batch_first = false});
  CHECK(both(ones({3, 2, 4})).shape() == Shape{3, 2, 4});
  CHECK(both.with_weights(ones({3, 2, 4}), ones({5, 2, 4}), ones({5, 2, 4})).weights.shape() ==
        Shape{2, 3, 7});
  std::ostringstream text;
  text << both;
  CHECK(text.str().starts_with(
      "MultiheadAttention(4, 2, add_bias_kv=true, add_zero_attn=true, batch_first=false"));
}

TEST_CASE("multi-head attention: dropout in training, with a stream that is saved") {
  Rng rng(2);
  const nn::MultiheadAttention layer(4, 2, {.dropout = 0.5}, rng);
  const Tensor x = rng.randn({2, 5, 4});
  const NamedTensors before = nn::clone(layer).state();
  const Tensor y = layer(x);
  CHECK(mismatch(layer(x), y) != "");
  layer.restore(before);
  CHECK(mismatch(layer(x), y) == "");
  layer.eval();
  CHECK(mismatch(layer(x), layer(x)) == "");
}

TEST_CASE("a summary counts the products of recurrent nets and attention") {
  const nn::LSTM net(4, 3);
  CHECK(nn::summary(net, ones({2, 5, 4})).rows[0].flops >= 2 * 2 * 5 * 12 * (4 + 3));
  const nn::MultiheadAttention layer(4, 2, {.bias = false});
  const double products = 2 * 2 * 5 * (4 * 12 + 4 * 4), scores = 2 * 2 * 5 * 5 * (4 + 4);
  const double counted = nn::summary(layer, ones({2, 5, 4})).rows[0].flops;
  CHECK(counted >= products + scores);
  CHECK(counted < products + scores + 500);
}

TEST_CASE("an embedding tied to the output is one parameter, whose gradients add up") {
  struct Tied : nn::Module {
    nn::Embedding words = child("words", nn::Embedding(5, 4, {.dtype = Dtype::float64}));
    nn::TransformerEncoder body = child(
        "body", nn::TransformerEncoder(
                    4, 2, 1, {.feed_forward_width = 4, .dropout = 0, .dtype = Dtype::float64}));
    Tensor with(const Tensor& ids, const Tensor& output) const {
      return matmul(body(words(ids), {.causal = true}), transpose(output));
    }
    Tensor operator()(const Tensor& ids) const { return with(ids, words.weight); }
  };
  const Tied model;
  CHECK(model.named_parameters().front().first == "words.weight");
  CHECK(model.parameters().size() == 1 + model.body.parameters().size());
  const Tensor ids = tensor({{0, 3, 1}, {4, 3, 3}}), next = tensor({{3, 1, 2}, {3, 3, 0}});
  const auto loss = [&](const Tensor& scores) {
    return nn::cross_entropy(reshape(scores, {6, 5}), reshape(next, {6}));
  };
  loss(model(ids)).backward();
  const Tensor tied = model.words.weight.grad().clone();
  model.zero_grad();
  const Tensor other = model.words.weight.detach().clone().set_requires_grad(true);
  loss(model.with(ids, other)).backward();
  CHECK(mismatch(tied, model.words.weight.grad() + other.grad(), 1e-14) == "");
}

TEST_CASE("an LSTM learns to say what it has read") {
  Rng rng(4);
  struct Reader : nn::Module {
    explicit Reader(Rng& rng)
        : net(child("net", nn::LSTM(1, 12, {}, rng))),
          out(child("out", nn::Dense(12, 1, {}, rng))) {}
    nn::LSTM net;
    nn::Dense out;
    Tensor operator()(const Tensor& x) const { return out(net(x, {}).hidden[0]); }
  };
  const Reader model(rng);
  const Tensor x = rng.uniform({64, 6, 1}, -1, 1), first = slice(x, {Slice::all, 0});
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.02});
  double loss = 0;
  for (int step = 0; step < 150; ++step) {
    optimizer.zero_grad();
    const Tensor error = nn::mean_squared_error(model(x), first);
    error.backward();
    optimizer.step();
    loss = error.item();
  }
  CHECK(loss < 0.02);
}
