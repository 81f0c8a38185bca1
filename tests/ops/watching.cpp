// Trace, DebugGuard and hooks: the graph open to its user.
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/wrong_square.hpp"

using namespace xtape;

namespace {

struct Net : nn::Module {
  explicit Net(Rng& rng)
      : first(child("first", nn::Dense(2, 3, {}, rng))),
        second(child("second", nn::Dense(3, 3, {}, rng))),
        third(child("third", nn::Dense(3, 2, {}, rng))) {}
  nn::Dense first, second, third;
  Tensor operator()(const Tensor& x) const { return third(relu(second(relu(first(x))))); }
};

std::vector<std::string> names(const Trace& trace) {
  std::vector<std::string> result;
  for (const TraceStep& step : trace.steps()) result.push_back(step.operation);
  return result;
}

}  // namespace

TEST_CASE("Trace: operations, attributes, operands and results, forward and backward") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}).set_requires_grad(true);
  const Trace trace;
  sum(x * x, 1, {.keep_dims = true}).backward(ones({2, 1}));
  REQUIRE(trace.steps().size() >= 3);
  const TraceStep& product = trace.steps()[0];
  CHECK(product.operation == "multiply");
  CHECK(product.operands == std::vector<std::int64_t>{0, 0});
  CHECK(product.described == std::vector<std::string>{"float32[2, 2]", "float32[2, 2]"});
  CHECK(product.bytes == 16);
  CHECK(product.flops == 4);
  CHECK(product.place == "");
  const TraceStep& total = trace.steps()[1];
  CHECK(total.operation == "sum");
  CHECK(total.attributes == "axes=[1] keep_dims=true");
  CHECK(total.operands == std::vector<std::int64_t>{product.result});
  CHECK(total.shape == "float32[2, 1]");
  CHECK(trace.steps()[2].place == "backward of sum");
  CHECK(trace.steps().back().place == "backward of multiply");
  std::ostringstream text;
  text << trace;
  CHECK(text.str().find("sum axes=[1] keep_dims=true") != std::string::npos);
  CHECK(trace.to_dot().find("t" + std::to_string(product.result) + " -> t" +
                            std::to_string(total.result)) != std::string::npos);
}

TEST_CASE("Trace: products count two for each term, views nothing, and places are module paths") {
  Rng rng(0);
  const Net net(rng);
  const Trace trace;
  static_cast<void>(net(ones({5, 2})));
  CHECK(names(trace) == std::vector<std::string>{"linear", "relu", "linear", "relu", "linear"});
  CHECK(trace.steps()[0].flops == 2 * 5 * 2 * 3);
  CHECK(trace.steps()[2].place == "second");
  const Trace inner;
  static_cast<void>(transpose(ones({5, 2})));
  CHECK(inner.bytes() == 0);
  CHECK(inner.flops() == 0);
  CHECK(names(trace).back() == "transpose");  // both watch
}

TEST_CASE(
    "Trace: a tape of what was recorded meanwhile knows the modules, also of rules of one's own") {
  Rng rng(0);
  const Net net(rng);
  const auto printed = [&](const Tensor& y) {
    std::ostringstream text;
    text << Tape(y);
    return text.str();
  };
  const Tensor unwatched = net(ones({5, 2}));
  const Trace trace;
  const Tensor y = net(ones({5, 2}));
  const Tensor own = record("own", y.detach(), {y}, [](const Tensor&, const Send&) {});
  CHECK(printed(unwatched).find("place") == std::string::npos);
  CHECK(printed(y).find("  second") != std::string::npos);
  CHECK(printed(own).find("  second") != std::string::npos);
}

TEST_CASE("Trace: a slice is written as Python writes it") {
  const Tensor x = ones({2, 3, 5});
  const Trace trace;
  static_cast<void>(slice(x, {Slice::all, range(0, 2), 3}));
  static_cast<void>(slice(x, {1, Slice::all, range({}, {}, -2)}));
  static_cast<void>(flip(x, 1));
  static_cast<void>(split(x, 2, 0));
  static_cast<void>(slice(x, {range(-10, {}, -1)}));
  std::vector<std::string> at;
  for (const TraceStep& step : trace.steps()) at.push_back(step.attributes);
  CHECK(at == std::vector<std::string>{"at=[:, 0:2, 3]", "at=[1, 0:3, 4::-2]", "at=[:, 2::-1]",
                                       "at=[0:1]", "at=[1:2]", "at=[0:0]"});
}

TEST_CASE("Trace: a tensor that moved while it was changed in place keeps its number") {
  Tensor w = tensor({1.0, 2.0}).set_requires_grad(true);
  const Trace trace;
  static_cast<void>(w * 3);
  const Tensor view = transpose(w.detach());  // has the elements before the update
  sum(w * w).backward();
  optim::SGD({w}, {.learning_rate = 0.5}).step();
  static_cast<void>(w * 5);
  CHECK(view.to_vector<double>() == std::vector<double>{1, 2});
  CHECK(trace.steps().back().operands[0] == trace.steps().front().operands[0]);
}

TEST_CASE("Trace: the result is the same as without, to the last bit") {
  const auto step = [] {
    Rng rng(0);
    const Net net(rng);
    nn::cross_entropy(net(drawn({5, 2}, -1, 1).to(Dtype::float32)), tensor({0, 1, 0, 1, 1}))
        .backward();
    return net.first.weight.grad();
  };
  const Tensor plain = step();
  const Trace trace;
  CHECK(mismatch(step(), plain) == "");
}

TEST_CASE("DebugGuard: a NaN planted in a three-layer model is found where it arises") {
  Rng rng(0);
  Net net(rng);
  const Tensor x = ones({5, 2});
  net.second.weight.assign(full({3, 3}, 1e38));
  net.first.bias.assign(full({3}, 30.0));
  {
    const DebugGuard guard;
    const std::string message = error_of<ValueError>([&] { return net(x); });
    CHECK(message.starts_with("DebugGuard: linear"));
    CHECK(message.find(" gave inf at [0, 0] of float32[5, 3]; operands: float32[5, 3] from ") !=
          std::string::npos);
    CHECK(message.find("; float32[3, 3] from 9.99") != std::string::npos);
    CHECK(message.find("; float32[3] from 0 to 0 (in second)") != std::string::npos);
    CHECK(message.ends_with("(in second)"));
  }
  CHECK(net(x).shape() == Shape{5, 2});  // nobody looks any more
  const std::string none = error_of<ValueError>([&] {
    const DebugGuard guard;
    return full({2}, NAN) * 2.0;
  });
  CHECK(none.find("operands: float32[2], NaN throughout; ") != std::string::npos);
}

TEST_CASE("DebugGuard: an infinity in the backward pass names the rule, and no leaf has changed") {
  const Tensor x = tensor({1.0, 0.0}).set_requires_grad(true);
  const Tensor y = sum(sqrt(x));
  const DebugGuard guard;
  CHECK(error_of<ValueError>([&] {
          y.backward();
        }).find(" gave inf at [1] of float32[2]; operands: ") != std::string::npos);
  CHECK(!x.grad().defined());
}

namespace {
/// An operation without a derivative.
struct Lowered {
  static constexpr OpInfo info{"lowered"};
  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    return x - 0.125;
  }
};
}  // namespace

TEST_CASE(
    "DebugGuard: rules are checked by what is differentiated by, not by bounds and conditions") {
  const Tensor w = tensor({0.25, 0.75}, Dtype::float64).set_requires_grad(true);
  const DebugGuard guard({.check_rules = true});
  sum(clip(w, 0.4, 0.6) + where(w > 0.5, w, 2 * w)).backward();
  CHECK(w.grad().to_vector<double>() == std::vector<double>{2, 1});
  static_cast<void>(w.to(Dtype::float32) * 2);
  CHECK(!apply(Lowered(), w).requires_grad());
}

TEST_CASE("DebugGuard: a wrong rule is named by its operation, right ones pass") {
  const Tensor x = tensor({1.5, -2.0}, Dtype::float64).set_requires_grad(true);
  const DebugGuard guard({.check_rules = true});
  static_cast<void>(logsumexp(sin(x) * matmul(x, ones({2, 2}, Dtype::float64))));
  CHECK(error_of<ValueError>([&] {
          return apply(WrongSquare(), x);
        }).find(" is wrong: gradcheck: ") != std::string::npos);
}

TEST_CASE("DebugGuard: a graph that grows without backward, and bad options") {
  const Tensor x = tensor(1.0).set_requires_grad(true);
  const DebugGuard guard({.max_nodes = memory::live_nodes() + 50});
  CHECK(error_of<ValueError>([&] {
          Tensor total = x;
          for (int i = 0; i < 100; ++i) total = total + x;
          return total;
        }).find(" is recorded: does a graph grow without backward?") != std::string::npos);
  CHECK(error_of<ValueError>([] {
          DebugGuard bad({.max_nodes = -1});
          return 0;
        }) == "DebugGuard: max_nodes must be at least 0; got -1");
}

TEST_CASE("on_gradient: sees, or replaces") {
  const Tensor x = tensor({1.0, 2.0}, Dtype::float64).set_requires_grad(true);
  Tensor kept;
  const Tensor y = on_gradient(x * 3, [&](const Tensor& g) { kept = g; });
  sum(y * y).backward();
  CHECK(mismatch(kept, 6 * x.detach()) == "");
  CHECK(mismatch(x.grad(), 18 * x.detach()) == "");
  x.zero_grad();
  sum(on_gradient(x, [](const Tensor& g) { return clip(g, -1, 1); }) * 5).backward();
  CHECK(mismatch(x.grad(), ones({2}, Dtype::float64)) == "");
  const auto doubled = [](const Tensor& at) {
    return on_gradient(at, [](const Tensor& g) { return 2 * g; });
  };
  CHECK(mismatch(grad([&](const Tensor& at) {
                   return sum(square(
                       grad([&](const Tensor& in) { return sum(doubled(in) * in * in); })(at)));
                 })(x.detach()),
                 80 * pow(x.detach(), 3), 1e-14) == "");  // 2 (4 x^2) (4 + 4 + 2) x
  x.zero_grad();
  CHECK(error_of<GradError>(
            [&] { sum(on_gradient(x, [](const Tensor& g) { return sum(g); })).backward(); }) ==
        "on_gradient: the gradient of input 0 must be float64[2], as the input; the rule sent "
        "float64[]");
  struct Thrown {};
  CHECK_THROWS_AS(sum(on_gradient(x, [](const Tensor&) { throw Thrown(); })).backward(), Thrown);
  CHECK(!x.grad().defined());
}

TEST_CASE("DebugGuard: to check a rule changes nothing, and rules that are no derivative pass") {
  const Tensor x = drawn({3, 4}, -1, 1).set_requires_grad(true), labels = tensor({0, 3, 1});
  const auto slope = [&] { return grad(nn::cross_entropy(x, labels), {x})[0]; };
  const Tensor plain = slope();
  Tensor kept;
  {
    const DebugGuard guard({.check_rules = true});
    CHECK(mismatch(slope(), plain) == "");
    const Tensor y = on_gradient(x, [&](const Tensor& g) { return kept = 5 * g; });
    CHECK(mismatch(grad(sum(y * 2), {x})[0], full({3, 4}, 10, Dtype::float64)) == "");
    const Tensor p = tensor({1.5, -0.5}, Dtype::float64).set_requires_grad(true);
    static_cast<void>(nn::binary_cross_entropy(p, tensor({1.0, 0.0}, Dtype::float64)));
  }
  CHECK(mismatch(kept, full({3, 4}, 10, Dtype::float64)) == "");
}

TEST_CASE(
    "DebugGuard: the ranges are those of the operands, also where the result could take their "
    "place") {
  const Tensor x = tensor({4.0, 0.0}).set_requires_grad(true);
  const Tensor y = sum(sqrt(x) * 3);
  const DebugGuard guard;
  const std::string message = error_of<ValueError>([&] { y.backward(); });
  CHECK(message.find("operands: float32[2] from 3 to 3; float32[2] from 0 to 2") !=
        std::string::npos);
}

TEST_CASE("Trace: random numbers, dropout, and the update of an optimizer in place") {
  Rng rng(0);
  const Tensor w = ones({2}).set_requires_grad(true);
  optim::Adam optimizer({{"w", w}}, {.learning_rate = 0.5});
  const Trace trace;
  const Tensor noise = rng.normal({2}, 0, 2);
  static_cast<void>(rng.permutation(3));
  sum(dropout(w, 0.5, 7, 8) * noise).backward();
  const std::size_t before = trace.steps().size();
  optimizer.step();
  CHECK(trace.steps()[0].operation == "normal");
  CHECK(trace.steps()[0].attributes == "mean=0 stddev=2");
  CHECK(trace.steps()[0].operands.empty());
  CHECK(trace.steps()[1].operation == "permutation");
  CHECK(trace.steps()[2].attributes == "rate=0.5");
  REQUIRE(trace.steps().size() > before);
  const TraceStep& update = trace.steps().back();
  CHECK(update.operation == "adam");
  CHECK(update.attributes == "rate=0.5 t=1 beta1=0.9 beta2=0.999 epsilon=1e-07");
  CHECK(update.operands.size() == 4);  // parameter, gradient, two moments
  CHECK(update.result == update.operands[0]);
  CHECK(update.bytes == 0);
  CHECK(update.place == "w");
}

TEST_CASE("DebugGuard: an update that overflows names its parameter") {
  const Tensor w = full({2}, 3e38).set_requires_grad(true);
  optim::SGD optimizer({{"w", w}}, {.learning_rate = 1e38});
  sum(w * tensor({0.0, -1.0})).backward();
  {
    const DebugGuard guard;
    const std::string message = error_of<ValueError>([&] {
      optimizer.step();
      return 0;
    });
    CHECK(message.starts_with("DebugGuard: sgd rate=1e+38 t=1"));
    CHECK(message.find(" gave inf at [1] of float32[2]; operands: ") != std::string::npos);
    CHECK(message.ends_with("(in w)"));
  }
}

#if XTAPE_HAS_BACKTRACE
TEST_CASE(
    "Trace and DebugGuard: the line of the program, through a user's functions and in backward") {
  const Tensor x = tensor({1.0, 0.0}).set_requires_grad(true);
  const Trace trace;
  const auto here = [](int line) { return "watching.cpp:" + std::to_string(line); };
  Tensor y = sqrt(x);
  const int forward = __LINE__ - 1;
  y = sum(y * 2);
  const int product = __LINE__ - 1;
  CHECK(trace.steps()[0].line == here(forward));
  CHECK(trace.steps()[1].line == here(product));
  CHECK(trace.steps()[2].line == here(product));
  const DebugGuard guard;
  int backward = 0;
  const std::string message = error_of<ValueError>([&] {
    backward = __LINE__ + 1;
    y.backward();
  });
  CHECK(message.starts_with("DebugGuard: sqrt in the backward pass of sqrt, called at " +
                            here(backward) + ", gave inf"));
}
#endif
