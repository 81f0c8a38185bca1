#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"
#include "lines.hpp"
#include "loaded_c.hpp"
#include "onnx_reader.hpp"

using namespace xtape;
using models::LoadedC, models::no_compiler;

namespace {

/// What a model is refused with, lines of programs too.
std::string refused_with_lines(const nn::AnyModule& model, const Tensor& example,
                               const OnnxOptions& options = {}) {
  return error_of<ValueError>([&] {
    export_onnx("/dev/null/all.onnx", model, example, options);
    return 0;
  });
}
std::string refused(const nn::AnyModule& model, const Tensor& example,
                    const OnnxOptions& options = {}) {
  return without_lines(refused_with_lines(model, example, options));
}
std::string refused_in_bytes(const nn::AnyModule& model, const Tensor& example,
                             const Tensor& calibration) {
  return without_lines(error_of<Error>([&] {
    export_c("/dev/null/all.c", model, example, {.calibration = calibration});
    return 0;
  }));
}

/// The nodes of a model's file.
std::vector<std::string> nodes_of(const nn::AnyModule& model, const Tensor& example,
                                  const OnnxOptions& options = {}) {
  const TemporaryDirectory directory;
  export_onnx(directory.file("model.onnx"), model, example, options);
  return OnnxFile(directory.file("model.onnx")).node_types();
}

/// A cell over the steps of x [n, steps, 3].
struct Cells : nn::Module {
  nn::GRUCell cell = child("cell", nn::GRUCell(3, 4));
  Tensor operator()(const Tensor& x) const {
    Tensor h = zeros({x.extent(0), 4});
    for (std::int64_t i = 0; i < x.extent(1); ++i) h = cell(slice(x, {Slice::all, i}), h);
    return h;
  }
};

nn::AnyModule behind(const nn::AnyModule& net, std::int64_t features) {
  return nn::Sequential{net, nn::Dense(features, 2)};
}

}  // namespace

// A transposed row is dense, so that no `contiguous` is recorded for an example of one.
TEST_CASE("export_c: bytes of recurrent models whose example has one row are those of two rows") {
  if (no_compiler()) return;
  seed(1);
  const std::pair<const char*, nn::AnyModule> nets[] = {
      {"gru", behind(nn::GRU(3, 4), 4)},
      {"rnn", behind(nn::RNN(3, 4), 4)},
      {"lstm", behind(nn::LSTM(3, 4), 4)},
      {"bidirectional", behind(nn::GRU(3, 4, {.bidirectional = true}), 8)},
      {"two layers", behind(nn::GRU(3, 4, {.layers = 2}), 4)},
      {"cells", behind(Cells(), 4)},
      {"steps first", behind(nn::LSTM(3, 4, {.batch_first = false}), 4)}};
  for (const auto& net : nets) {
    const std::string name = net.first;
    CAPTURE(name);
    const int axis = name == "steps first" ? 1 : 0;
    const auto inputs = [&](std::int64_t rows) {
      const Tensor x = Rng(5).normal({rows, 5, 3}, 0, 1);
      return (axis == 0 ? x : transpose(x, {1, 0, 2})).contiguous();
    };
    const Tensor two = inputs(2), calibration = inputs(40), y = net.second(two).detach();
    const auto row = [&](const Tensor& of, std::int64_t i) {
      return (axis == 0 || of.rank() == 2 ? slice(of, {range(i, i + 1)})
                                          : slice(of, {Slice::all, range(i, i + 1)}))
          .contiguous();
    };
    const LoadedC of_one(net.second, row(two, 0), {.calibration = calibration});
    const LoadedC of_two(net.second, two, {.calibration = calibration});
    CHECK(of_one.text.find("static const signed char k_1_weight_bytes[") != std::string::npos);
    const Tensor wanted = of_two(two, y);
    CHECK(amax(abs(wanted - y)).item() < 0.02 * amax(abs(y)).item());
    for (std::int64_t i = 0; i < 2; ++i)
      CHECK(mismatch(of_one(row(two, i), row(y, i)), row(wanted, i), 1e-6) == "");
  }
}

TEST_CASE("export: a calibration is refused by the first operation that differs") {
  const nn::AnyModule branch = nn::Sequential{
      nn::ReLU(), nn::AnyModule([](const Tensor& x) { return x.extent(0) > 5 ? exp(x) : x * 2; })};
  CHECK(refused_in_bytes(branch, ones({2, 3}), ones({6, 3})) ==
        "export_c: the model must do the same for the calibration as for the example; got multiply "
        "(in 1) for float32[2, 3], and exp (in 1) for float32[6, 3]");
  CHECK(refused_in_bytes(nn::Dense(3, 2), ones({1, 3}), ones({1, 4})) ==
        "export_c: the calibration must be like the example, of any batch; got float32[1, 4] for "
        "float32[1, 3], of which the model says \"linear: inner extents must be equal; got "
        "float32[1, 4] and float32[3, 2]\"");
}

// 7 and 2 divide by one number, which the library keeps once; 17 by another one.
TEST_CASE("export_onnx: constants are compared by value, wherever they lie") {
  using Strings = std::vector<std::string>;
  const auto standard = [](const Tensor& x) { return (x - mean(x, 0)) / stddev(x, 0); };
  const Strings nodes = nodes_of(nn::AnyModule(standard), zeros({4, 3}));
  CHECK(std::ranges::count(nodes, "Sqrt") == 1);
  CHECK(nodes.back() == "Identity");
  for (const std::int64_t number : {2, 3, 7, 17}) {  // the batch's own number among them
    CAPTURE(number);
    const auto scaled = [=](const Tensor& x) {
      return x * static_cast<double>(number) - mean(x, 0) + var(x, 0) * static_cast<double>(number);
    };
    CHECK(nodes_of(nn::AnyModule(scaled), zeros({4, 3})).back() == "Identity");
  }
  struct Steps : nn::Module {  // pooled over any number of steps
    nn::GRU net = child("net", nn::GRU(3, 4));
    Tensor operator()(const Tensor& x) const {
      const Tensor h = net(x);
      return concatenate({mean(h, 1), stddev(h, 1)}, 1);
    }
  };
  CHECK(std::ranges::count(nodes_of(Steps(), zeros({2, 5, 3}), {.batch_axis = 1}), "GRU") == 1);
  // Equal by chance, from another place each time.
  const Tensor once = full({3}, 2.5), again = full({3}, 2.5);
  const auto either = [&](const Tensor& x) { return x * (x.extent(0) > 5 ? once : again); };
  CHECK(nodes_of(nn::AnyModule(either), zeros({4, 3})) == Strings{"Mul", "Identity"});
}

TEST_CASE("export_onnx: what no result needs may differ") {
  const auto idle = [](const Tensor& x) {
    if (x.extent(0) > 5) static_cast<void>(exp(x));
    return x * 2;
  };
  CHECK(nodes_of(nn::AnyModule(idle), zeros({4, 3})) ==
        std::vector<std::string>{"Mul", "Identity"});
}

TEST_CASE("export_onnx: a constant that differs for one row is seen where layouts differ too") {
  const auto once = [](const Tensor& x) {
    return transpose(transpose(x, {1, 0, 2}).contiguous(), {1, 0, 2}) *
           (x.extent(0) == 1 ? 2.0 : 3.0);
  };
  CHECK(refused(nn::AnyModule(once), zeros({4, 5, 3})) ==
        "export_onnx: a tensor that the model makes, float32[], an operand of multiply, must be "
        "the same for each batch, of 7, 2, 17 rows and 1, or have rows that repeat; got different "
        "ones (see dynamic_batch)");
}

TEST_CASE("export_onnx: the first operation that differs is named, and what was tried") {
  const auto said = [](const std::string& first, const std::string& other) {
    return "export_onnx: the model must do the same for each batch, of 7, 2, 17 rows and 1; got " +
           first + ", and " + other + " (see dynamic_batch)";
  };
  const auto branch = [](const Tensor& x) { return x.extent(0) > 3 ? exp(x) : sin(x); };
  const nn::Sequential deep{nn::ReLU(), nn::AnyModule(branch)};
  CHECK(refused(nn::AnyModule(deep), ones({3, 4})) ==
        said("exp (in 1) for float32[7, 4]", "sin (in 1) for float32[2, 4]"));
  const auto longer = [](const Tensor& x) { return x.extent(0) > 3 ? exp(sin(x)) : sin(x); };
  CHECK(refused(nn::AnyModule(longer), ones({3, 4})) ==
        said("exp for float32[7, 4]", "nothing more for float32[2, 4]"));
  const auto turned = [](const Tensor& x) {
    const Tensor a = exp(x), b = sin(x);
    return x.extent(0) > 8 ? a - b : b - a;
  };
  CHECK(refused(nn::AnyModule(turned), ones({3, 4})) ==
        said("subtract for float32[7, 4]", "subtract of another operand 0 for float32[17, 4]"));
  struct Several : nn::Module {
    std::vector<Tensor> operator()(const Tensor& x) const {
      const Tensor a = exp(x), b = sin(x);
      return x.extent(0) > 8 ? std::vector{a, b} : std::vector{b, a};
    }
  };
  const std::string results = without_lines(error_of<ValueError>([] {
    export_onnx("/dev/null/all.onnx", Several(), ones({3, 4}));
    return 0;
  }));
  CHECK(results == said("result 0 for float32[7, 4]", "another one for float32[17, 4]"));
  const auto middle = [](const Tensor& x) { return median(x, 0); };
  const std::string of_median = refused(nn::AnyModule(middle), ones({3, 4}));
  CHECK(
      of_median.starts_with("export_onnx: the model must do the same for each batch, of 7, 2, 17 "
                            "rows and 1; got "));
  CHECK(of_median.find(" for float32[2, 4] (see dynamic_batch)") != std::string::npos);
  int calls = 0;
  const auto changes = [&](const Tensor& x) { return ++calls % 2 == 0 ? exp(x) : sin(x); };
  CHECK(refused(nn::AnyModule(changes), ones({3, 4}), {.dynamic_batch = false}) ==
        "export_onnx: the model must do the same each time; got sin, and then exp");
}

TEST_CASE("export_onnx: the line is told, if it is known") {
  Trace trace;
  static_cast<void>(exp(ones({2})));
  const bool known = !trace.steps().back().line.empty();
  const int line = __LINE__ + 1;
  const auto branch = [](const Tensor& x) { return x.extent(0) > 3 ? exp(x) : sin(x); };
  const std::string at = " (at recordings.cpp:" + std::to_string(line) + ")";
  CHECK((refused_with_lines(nn::AnyModule(branch), ones({3, 4})).find("got exp" + at) !=
         std::string::npos) == known);
}

TEST_CASE("export_onnx: a constant that grows with the batch is named by who takes it") {
  const auto positions = [](const Tensor& x) {
    return x + sinusoidal_positions(x.extent(1), x.extent(2));
  };
  const nn::Sequential deep{nn::Tanh(), nn::AnyModule(positions)};
  CHECK(refused(nn::AnyModule(deep), ones({2, 3, 4}), {.batch_axis = 1}) ==
        "export_onnx: a tensor that the model makes, float32[7, 4], an operand of add (in 1), must "
        "be the same for each batch, of 7, 2, 17 rows and 1, or have rows that repeat; got "
        "different ones (see dynamic_batch)");
}
