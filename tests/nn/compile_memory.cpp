// How much memory replays of training steps need, at most, beside that of the functions; and that
// what is done earlier for that, in place, or again gives the bits of the functions.
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/threads.hpp"

using namespace xtape;

using Tensors = std::vector<Tensor>;

namespace {

/// The most bytes in use at a time in a call.
template <class F>
double peak_of(const F& call) {
  memory::reset_peak_bytes();
  call();
  return static_cast<double>(memory::peak_bytes());
}

/// A step of Adam that forgets the gradients behind the forward pass, and the parameters that it
/// trains.
struct Training {
  std::function<Tensor()> step;
  Tensors parameters;
};
template <class Model, class Loss>
Training training(const Model& model, const Loss& loss_of) {
  const auto adam = std::make_shared<optim::Adam>(model);
  return {[=] {
            const Tensor loss = loss_of(model);
            adam->zero_grad();
            loss.backward();
            adam->step();
            return loss.detach();
          },
          model.parameters()};
}

/// One stepped and one replayed: the same bits, and at most such a share of the memory.
void check_memory(const std::function<Training()>& make, double share) {
  double peaks[2];  // beside what is kept to compare
  Tensors losses[2], parameters[2];
  for (const bool replayed : {false, true}) {
    const std::int64_t kept = memory::live_bytes();
    const Training one = make();
    auto step = compile(one.step);
    const auto call = [&] { losses[replayed].push_back(replayed ? step() : one.step()); };
    for (int i = 0; i < 4; ++i) call();
    peaks[replayed] = peak_of(call) - static_cast<double>(kept);
    if (replayed) CHECK(step.replays() >= 2);
    for (const Tensor& parameter : one.parameters)
      parameters[replayed].push_back(parameter.detach().clone());
  }
  CHECK(peaks[1] <= share * peaks[0]);
  for (std::size_t i = 0; i < losses[0].size(); ++i)
    CHECK(mismatch(losses[1][i], losses[0][i]) == "");
  for (std::size_t i = 0; i < parameters[0].size(); ++i) {
    CAPTURE(i);
    CHECK(mismatch(parameters[1][i], parameters[0][i]) == "");
  }
}

}  // namespace

TEST_CASE("replayed training: a layer of few inputs with a relu takes 0.65 of the memory") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    CAPTURE(dtype);
    check_memory(
        [dtype] {
          Rng rng(1);
          const nn::Sequential model{nn::Dense(2, 64, {.dtype = dtype}, rng), nn::ReLU(),
                                     nn::Dense(64, 3, {.dtype = dtype}, rng)};
          const Tensor x = rng.normal({300, 2}, 0, 1, dtype), labels = rng.integers(0, 3, {300});
          return training(model,
                          [=](const auto& net) { return nn::cross_entropy(net(x), labels); });
        },
        0.65);
  }
}

TEST_CASE("replayed training: a transformer takes 0.8 of the memory, in any number of threads") {
  const auto check = [](double dropout, double share) {
    check_memory(
        [dropout] {
          Rng rng(1);
          nn::Sequential model{nn::Embedding(256, 128, {}, rng)};
          for (int i = 0; i < 4; ++i) {
            model.push_back(nn::TransformerEncoderLayer(
                128, 4, {.feed_forward_width = 256, .dropout = dropout}, rng));
          }
          model.push_back(nn::Dense(128, 256, {}, rng));
          const Tensor tokens = rng.integers(0, 256, {16, 64}),
                       next = rng.integers(0, 256, {16 * 64});
          return training(model, [=](const auto& net) {
            return nn::cross_entropy(reshape(net(tokens), {-1, 256}), next);
          });
        },
        share);
  };
  for (const int count : {1, 2}) {
    const Threads threads(count);
    check(0, 0.8);
  }
  check(0.1, 0.9);
}

namespace {

template <class Layer>
struct Recurrent : nn::Module {
  explicit Recurrent(Rng& rng)
      : layer(child("layer", Layer(128, 128, {}, rng))),
        out(child("out", nn::Dense(128, 10, {}, rng))) {}
  Layer layer;
  nn::Dense out;
};

}  // namespace

TEST_CASE("replayed training: gates of recurrent nets become their own gradients") {
  const auto check = [&]<class Layer>(std::type_identity<Layer>, double share) {
    check_memory(
        [] {
          Rng rng(1);
          const Recurrent<Layer> model(rng);
          const Tensor x = rng.normal({32, 50, 128}, 0, 1), labels = rng.integers(0, 10, {32});
          return training(model, [=](const auto& net) {
            const Tensor last = slice(Tensor(net.layer(x)), {Slice::all, range(49, 50)});
            return nn::cross_entropy(net.out(reshape(last, {32, 128})), labels);
          });
        },
        share);
  };
  check(std::type_identity<nn::LSTM>(), 0.8);
  check(std::type_identity<nn::GRU>(), 0.8);
}

TEST_CASE("compile: what is made again has the values that it had") {
  Rng rng(3);
  const Tensor x = rng.normal({2048, 64}, 0, 1), w = rng.normal({64, 256}, 0, 1),
               v = rng.normal({64, 256}, 0, 1);
  const auto of = [&](const Tensor& scale, bool viewed, const std::function<void()>& between) {
    return [=](const Tensor& in) {
      const Tensor apart = in * 2;
      const Tensor normal = layer_norm(apart, scale, scale);
      const Tensor turned = viewed ? transpose(normal) : transpose(in);
      const Tensor wide = sum(exp(matmul(normal, w) * 0.01));  // the peak
      between();
      const Tensor again = sum(matmul(normal, v), 1) + sum(turned, 0);
      return Tensors{wide, again, sum(apart, 1)};
    };
  };
  double peaks[3] = {};
  for (const int kind : {0, 1, 2}) {
    CAPTURE(kind);
    const bool changed = kind == 1, viewed = kind == 2;
    const Tensor mine = rng.uniform({64}, 1, 2), theirs = mine.clone();
    const auto doubled = [changed](const Tensor& scale) {
      return [=] {
        if (changed) scale.assign(scale * 1.5);
      };
    };
    const auto plain = of(mine, viewed, doubled(mine));
    auto compiled = compile(of(theirs, viewed, doubled(theirs)));
    for (int call = 0; call < 5; ++call) {
      CAPTURE(call);
      const Tensor moved = (x * (1 - call * 0.25)).detach();
      const auto before = static_cast<double>(memory::live_bytes());
      Tensors got;
      peaks[kind] = peak_of([&] { got = compiled(moved); }) - before;
      const Tensors expected = plain(moved);
      for (std::size_t i = 0; i < got.size(); ++i) CHECK(mismatch(got[i], expected[i]) == "");
    }
    CHECK(compiled.replays() == 3);
  }
  // The normal numbers are held over the peak where they cannot be made again: with a scale that
  // has changed, or a view of them behind it.
  constexpr double normal = 2048 * 64 * sizeof(float);
  CHECK(peaks[1] - peaks[0] > 0.9 * normal);
  CHECK(peaks[2] - peaks[0] > 0.9 * normal);
}

TEST_CASE("compile: gradients that are read before they are dropped are read") {
  const Tensor w = tensor({1.0, 2.0}).set_requires_grad(true);
  auto step = compile([&](const Tensor& x) {
    const Tensor loss = sum(square(w * x));
    const Tensor before = w.grad().defined() ? w.grad() : zeros({2});
    w.zero_grad();
    loss.backward();
    return std::pair{loss.detach(), before.clone()};
  });
  for (int call = 0; call < 5; ++call) {
    CAPTURE(call);
    const double x = 1 + call;
    const auto [loss, before] = step(tensor({x, -x}));
    CHECK(loss.item() == doctest::Approx(5 * x * x));
    const double former = call == 0 ? 0 : 2 * call * call;
    CHECK(before.to_vector<double>() == std::vector<double>{former, 2 * former});
    CHECK(w.grad().to_vector<double>() == std::vector<double>{2 * x * x, 4 * x * x});
  }
}

TEST_CASE(
    "compile: an error in the forward pass of a replay leaves no gradient of the step before") {
  const Tensor table = zeros({3, 2}).set_requires_grad(true);
  auto step = compile([&](const Tensor& rows) {
    const Tensor loss = sum(take(table, rows));
    table.zero_grad();
    loss.backward();
    return loss.detach();
  });
  for (int call = 0; call < 4; ++call) step(tensor({0, 1}));
  CHECK(table.grad().defined());
  CHECK(error_of<IndexError>([&] { step(tensor({0, 7})); }).find("take") != std::string::npos);
  CHECK_FALSE(table.grad().defined());
  step(tensor({0, 2}));
  CHECK(table.grad().to_vector<float>() == std::vector<float>{1, 1, 0, 0, 1, 1});
}
