// Recurrent nets and attention: what is computed in one pass or by blocks is what the operations of
// their definition give.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

struct NetShape {
  std::int64_t steps, batch, inputs, width;
};

/// x, weights, biases and two states.
Tensors net_inputs(const NetShape& of, std::int64_t gates, Dtype dtype) {
  Rng rng(7);
  const std::int64_t rows = gates * of.width;
  const auto drawn = [&](const Shape& shape) { return rng.uniform(shape, -0.7, 0.7, dtype); };
  return {drawn({of.steps, of.batch, of.inputs}),
          drawn({rows, of.inputs}),
          drawn({rows, of.width}),
          drawn(Shape{rows}),
          drawn(Shape{rows}),
          drawn({of.batch, of.width}),
          drawn({of.batch, of.width})};
}

/// All results of the net of so many gates, in one tensor.
Tensor all_of(std::int64_t gates, const Tensors& v, const RecurrentOptions& options) {
  const RecurrentWeights weights{v[1], v[2], v[3], v[4]};
  if (gates == 4) {
    const LstmResult of = lstm(v[0], weights, {v[5], v[6]}, options);
    return concatenate({of.output, stack({of.hidden, of.cell})});
  }
  const RecurrentResult of =
      gates == 3 ? gru(v[0], weights, v[5], options) : rnn(v[0], weights, v[5], options);
  return concatenate({of.output, expand_dims(of.hidden, 0)});
}

/// The value and the gradients of f, with fixed weights.
template <class F>
Tensors with_gradients(const F& f, const Tensors& inputs) {
  const auto [y, pull] = vjp(f, inputs);
  Tensors all = pull(reshape(remainder(arange(y.size()) * 7, 11), y.shape()).to(y.dtype()) / 8);
  all.insert(all.begin(), y);
  return all;
}

/// f by the operations of its definition: as vmap computes it, of one example.
template <class F>
auto by_definition(const F& f) {
  return [f](const Tensors& inputs) {
    Tensors examples;
    for (const Tensor& x : inputs) examples.push_back(expand_dims(x, 0));
    return vmap(f)(examples)[0];
  };
}

void check_same(const Tensors& got, const Tensors& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(mismatch(got[i], expected[i], tolerance) == "");
  }
}

}  // namespace

TEST_CASE("recurrent nets in one pass are those of their definition, in gradients too") {
  const NetShape shapes[] = {
      {1, 1, 1, 1}, {4, 3, 2, 5}, {2, 13, 17, 16}, {3, 32, 3, 33}, {300, 1, 1, 2}};
  for (const NetShape& shape : shapes) {
    for (const std::int64_t gates : {1, 3, 4}) {
      for (const bool reverse : {false, true}) {
        for (const bool with_lengths : {false, true}) {
          CAPTURE(shape.width);
          CAPTURE(gates);
          CAPTURE(reverse);
          const Tensor lengths = remainder(arange(shape.batch) * 5 + 1, shape.steps + 1);
          const RecurrentOptions options{.reverse = reverse,
                                         .lengths = with_lengths ? lengths : Tensor()};
          const auto net = [&](const Tensors& v) { return all_of(gates, v, options); };
          for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
            const Tensors inputs = net_inputs(shape, gates, dtype);
            check_same(with_gradients(net, inputs), with_gradients(by_definition(net), inputs),
                       dtype == Dtype::float64 ? 1e-12 : 2e-4);
          }
        }
      }
    }
  }
}

TEST_CASE("recurrent nets: a sequence with its length is that sequence alone") {
  const Tensors v = net_inputs({5, 3, 2, 4}, 4, Dtype::float64);
  const std::vector<std::int64_t> lengths{3, 5, 0};
  const RecurrentWeights weights{v[1], v[2], v[3], v[4]};
  for (const bool reverse : {false, true}) {
    const LstmResult all =
        lstm(v[0], weights, {v[5], v[6]}, {.reverse = reverse, .lengths = from_vector(lengths)});
    for (std::int64_t b = 0; b < 3; ++b) {
      CAPTURE(b);
      const std::int64_t length = lengths[static_cast<std::size_t>(b)];
      const auto of = [&](const Tensor& x) { return slice(x, {range(b, b + 1)}); };
      const LstmResult alone = lstm(slice(v[0], {range(0, length), range(b, b + 1)}), weights,
                                    {of(v[5]), of(v[6])}, {.reverse = reverse});
      CHECK(mismatch(slice(all.output, {range(0, length), range(b, b + 1)}), alone.output, 1e-15) ==
            "");
      CHECK(sum(abs(slice(all.output, {range(length, {}), b}))).item() == 0);
      CHECK(mismatch(of(all.hidden), alone.hidden, 1e-15) == "");
      CHECK(mismatch(of(all.cell), alone.cell, 1e-15) == "");
    }
  }
}

TEST_CASE("recurrent nets: no steps, no sequences, errors") {
  const Tensors v = net_inputs({0, 2, 3, 4}, 4, Dtype::float64);
  const RecurrentWeights weights{v[1], v[2], v[3], v[4]};
  const LstmResult none = lstm(v[0], weights, {v[5], v[6]});
  CHECK(none.output.shape() == Shape{0, 2, 4});
  CHECK(mismatch(none.hidden, v[5]) == "");
  CHECK(mismatch(none.cell, v[6]) == "");
  CHECK(gru(zeros({3, 0, 2}), {zeros({6, 2}), zeros({6, 2})}).output.shape() == Shape{3, 0, 2});
  const Tensor x = zeros({3, 2, 3}, Dtype::float64);
  CHECK(error_of<ShapeError>([&] { return lstm(x[0], weights).output; }) ==
        "lstm: x must be [steps, batch, inputs]; got float64[2, 3]");
  CHECK(error_of<ShapeError>([&] { return gru(x, weights).output; }) ==
        "gru: weight_hh must be [3 width, width]; got float64[16, 4]");
  CHECK(error_of<ShapeError>([&] {
          return lstm(zeros({3, 2, 5}, Dtype::float64), weights).output;
        }) == "lstm: weight_ih must be [16, 5]; got float64[16, 3]");
  CHECK(error_of<ShapeError>([&] {
          return lstm(x, weights, {v[5][0], {}}).output;
        }) == "lstm: hidden must be [2, 4]; got float64[4]");
  CHECK(error_of<DtypeError>([&] { return lstm(x.to(Dtype::float32), weights).output; }) ==
        "lstm: weight_hh must be float32 as x is; got float64[16, 4]");
  CHECK(error_of<DtypeError>([&] { return lstm(x.to(Dtype::int64), weights).output; }) ==
        "lstm: floating numbers are needed; got int64[3, 2, 3]");
  CHECK(error_of<ValueError>([&] {
          return lstm(x, weights, {}, {.lengths = tensor({3, 4})}).output;
        }) == "lstm: lengths must lie in [0, 3]; got 4");
  CHECK(error_of<ShapeError>([&] {
          return lstm(x, weights, {}, {.lengths = tensor({3})}).output;
        }) == "lstm: lengths must be [2]; got int64[1]");
}

TEST_CASE("attention by blocks is that of its definition, in gradients too") {
  struct Sizes {
    std::int64_t queries, keys, width, values;
  };
  const Sizes shapes[] = {
      {1, 1, 1, 1}, {5, 7, 3, 2}, {33, 16, 17, 20}, {130, 129, 4, 5}, {3, 2000, 2, 1}};
  Rng rng(3);
  for (const Sizes& of : shapes) {
    for (const bool causal : {false, true}) {
      for (const int kind : {0, 1, 2}) {  // without a mask, with truths, with numbers
        for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
          CAPTURE(of.queries);
          CAPTURE(causal);
          CAPTURE(kind);
          const Tensor numbers = rng.uniform({of.queries, of.keys}, -1, 1, dtype);
          const Tensor mask = kind == 0 ? Tensor() : kind == 1 ? numbers > -0.8 : numbers;
          const Tensors inputs{rng.uniform({2, 1, of.queries, of.width}, -2, 2, dtype),
                               rng.uniform({2, of.keys, of.width}, -2, 2, dtype),
                               rng.uniform({2, 1, of.keys, of.values}, -2, 2, dtype)};
          const auto fused = [&](const Tensors& v) {
            return scaled_dot_product_attention(v[0], v[1], v[2], {.mask = mask, .causal = causal});
          };
          const auto defined = [&](const Tensors& v) {
            Tensor scores =
                matmul(v[0], swapaxes(v[1], -2, -1)) / std::sqrt(static_cast<double>(of.width));
            constexpr double none = -std::numeric_limits<double>::infinity();
            if (kind == 1) scores = where(mask, scores, none);
            if (kind == 2) scores = scores + mask;
            if (causal)
              scores = where(tril(ones({of.queries, of.keys}, Dtype::boolean)), scores, none);
            return matmul(softmax(scores), v[2]);
          };
          check_same(with_gradients(fused, inputs), with_gradients(defined, inputs),
                     dtype == Dtype::float64 ? 1e-12 : 1e-4);
        }
      }
    }
  }
}

TEST_CASE("attention: a query that attends to nothing gives 0 and gets 0") {
  const Tensor mask = tensor({{true, true}, {false, false}, {false, true}});
  for (const bool added : {false, true}) {
    const Tensor of =
        added ? where(mask, zeros({}, Dtype::float64), -std::numeric_limits<double>::infinity())
              : mask;
    const Tensors inputs{drawn({3, 4}, -1, 1), drawn({2, 4}, -1, 1, 1), drawn({2, 5}, -1, 1, 2)};
    const auto f = [&](const Tensors& v) {
      return scaled_dot_product_attention(v[0], v[1], v[2], {.mask = of});
    };
    const Tensors all = with_gradients(f, inputs);
    CHECK(mismatch(all[0][1], zeros({5}, Dtype::float64)) == "");
    CHECK(mismatch(all[0][2], inputs[2][1], 1e-15) == "");
    CHECK(mismatch(all[1][1], zeros({4}, Dtype::float64)) == "");
    for (const Tensor& one : all) CHECK(xtape::all(isfinite(one)).item() == 1);
    const Tensors second = grad([&](const Tensors& v) {
      return sum(square(grad([&](const Tensors& w) { return sum(square(f(w))); })(v)[0]));
    })(inputs);
    for (const Tensor& one : second) CHECK(xtape::all(isfinite(one)).item() == 1);
  }
}

TEST_CASE("attention never has the scores of all queries") {
  const std::int64_t n = 3000, scores = n * n * 4;
  Tensors inputs;
  for (std::uint64_t i = 0; i < 3; ++i)
    inputs.push_back(Rng(i).randn({n, 8}).set_requires_grad(true));
  // What was in use and is not any more is kept.
  memory::release_cached();
  const auto bytes = [] { return memory::live_bytes() + memory::cached_bytes(); };
  const std::int64_t before = bytes();
  static_cast<void>(zeros({n, n}));
  const bool kept = bytes() - before >= scores;  // not where every access is checked
  memory::release_cached();
  sum(scaled_dot_product_attention(inputs[0], inputs[1], inputs[2])).backward();
  CHECK(bytes() - before < scores / 10);
  sum(scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], {.dropout = 0.5})).backward();
  if (kept) CHECK(bytes() - before > scores);  // as its documentation says
}

TEST_CASE("attention: errors, and dropout of weights") {
  const Tensor q = ones({2, 3, 4}), k = ones({2, 5, 4});
  const auto attend = [](auto... x) { return scaled_dot_product_attention(x...); };
  CHECK(error_of<ShapeError>([&] { return attend(q, k, q); }) ==
        "scaled_dot_product_attention: [..., queries, width], [..., keys, width] and [..., keys, "
        "values] are "
        "needed; got float32[2, 3, 4], float32[2, 5, 4] and float32[2, 3, 4]");
  CHECK(error_of<DtypeError>([&] { return attend(q, k, k.to(Dtype::float64)); }) ==
        "scaled_dot_product_attention: q, k and v must share one floating dtype; got float32[2, 3, "
        "4], "
        "float32[2, 5, 4] and float64[2, 5, 4]");
  CHECK(error_of<ShapeError>([&] {
          return attend(q, k, k, AttentionOptions{.mask = ones({3, 4}, Dtype::boolean)});
        }) ==
        "scaled_dot_product_attention: the mask must broadcast to the scores [2, 3, 5]; got "
        "boolean[3, 4]");
  CHECK(error_of<DtypeError>([&] {
          return attend(q, k, k, AttentionOptions{.mask = ones({3, 5}, Dtype::int64)});
        }) == "scaled_dot_product_attention: the mask must be boolean or float32; got int64[3, 5]");
  CHECK(attend(zeros({0, 3, 4}), zeros({0, 5, 4}), zeros({0, 5, 2})).shape() == Shape{0, 3, 2});
  CHECK(sum(attend(ones({3, 4}), zeros({0, 4}), zeros({0, 2}))).item() == 0);
  // Each weight is 1 / 1000: the mean of what is left of them is 1.
  const Tensor y = attend(zeros({50, 1}), zeros({1000, 1}), ones({1000, 1}),
                          AttentionOptions{.dropout = 0.25, .dropout_key = 5, .dropout_call = 2});
  CHECK(std::abs(mean(y).item() - 1) < 0.01);
  CHECK(amax(y).item() > 1);
  CHECK(mismatch(y, attend(zeros({50, 1}), zeros({1000, 1}), ones({1000, 1}),
                           AttentionOptions{
                               .dropout = 0.25, .dropout_key = 5, .dropout_call = 2})) == "");
}

TEST_CASE("positions: sines, and turns that keep lengths and depend on distances") {
  const Tensor sines = sinusoidal_positions(4, 5, Dtype::float64);
  REQUIRE(sines.shape() == Shape{4, 5});
  for (std::int64_t p = 0; p < 4; ++p) {
    for (std::int64_t j = 0; j < 5; ++j) {
      const double angle =
          static_cast<double>(p) / std::pow(10000.0, static_cast<double>(j / 2 * 2) / 5);
      CHECK(sines(p, j).item() ==
            doctest::Approx(j % 2 == 0 ? std::sin(angle) : std::cos(angle)).epsilon(1e-14));
    }
  }
  for (const RotaryPairs pairs : {RotaryPairs::halves, RotaryPairs::neighbours}) {
    const Tensor row = drawn({1, 8}, -1, 1), other = drawn({1, 8}, -1, 1, 1);
    const Tensor q = rotary_positions(broadcast_to(row, {6, 8}), {.pairs = pairs});
    const Tensor k = rotary_positions(broadcast_to(other, {6, 8}), {.pairs = pairs});
    CHECK(mismatch(sum(square(q), 1), broadcast_to(sum(square(row), 1), Shape{6}), 1e-14) == "");
    const Tensor products = matmul(q, transpose(k));
    CHECK(mismatch(slice(products, {range(0, 5), range(0, 5)}),
                   slice(products, {range(1, 6), range(1, 6)}), 1e-14) == "");
    CHECK(mismatch(q[0], row[0]) == "");
    CHECK(mismatch(rotary_positions(row, {.pairs = pairs, .first = 3})[0], q[3], 1e-15) == "");
  }
  CHECK(
      error_of<ShapeError>([] {
        return rotary_positions(ones({2, 3}));
      }) ==
      "rotary_positions: [..., positions, width] with an even width is needed; got float32[2, 3]");
}
