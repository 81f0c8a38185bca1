#include <algorithm>
#include <cmath>
#include <map>
#include <thread>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"
#include "lines.hpp"
#include "onnx_reader.hpp"

using namespace xtape;

namespace {

using Strings = std::vector<std::string>;

/// The model, exported and read again.
template <class Model>
OnnxFile exported(const Model& model, const Tensor& example, const OnnxOptions& options = {}) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("model.onnx");
  export_onnx(path, model, example, options);
  return OnnxFile(path);
}

template <class F>
std::string refused(const F& function, const Tensor& example = ones({3, 4}),
                    const OnnxOptions& options = {}) {
  return without_lines(error_of<ValueError>([&] {
    export_onnx("/dev/null/all.onnx", nn::AnyModule(function), example, options);
    return 0;
  }));
}

/// A matrix by rows, and what nodes of an MLP do with it.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
};

Matrix read_matrix(const WireMessage& tensor) {
  CHECK(tensor.number(2) == 1);  // float
  const std::vector<std::int64_t> dims = tensor.numbers(1);
  Matrix matrix{dims.size() == 2 ? static_cast<std::size_t>(dims[0]) : 1,
                static_cast<std::size_t>(dims.back()),
                {}};
  const std::string raw = tensor.text(9);
  std::vector<float> numbers(raw.size() / 4);
  std::memcpy(numbers.data(), raw.data(), raw.size());
  matrix.values.assign(numbers.begin(), numbers.end());
  return matrix;
}

Matrix gemm(const Matrix& x, const Matrix& w, const Matrix& b) {
  Matrix y{x.rows, w.columns, std::vector<double>(x.rows * w.columns)};
  for (std::size_t i = 0; i < y.rows; ++i) {
    for (std::size_t j = 0; j < y.columns; ++j) {
      double sum = b.values[j];
      for (std::size_t k = 0; k < x.columns; ++k)
        sum += x.values[i * x.columns + k] * w.values[k * w.columns + j];
      y.values[i * y.columns + j] = sum;
    }
  }
  return y;
}

/// Carries out a file of Gemm, Relu and Identity nodes.
Matrix carried_out(const OnnxFile& file, const Matrix& x) {
  std::map<std::string, Matrix> values{{file.graph().message(11).text(1), x}};
  for (const std::string& name : file.initializers())
    values[name] = read_matrix(file.initializer(name));
  for (const WireMessage& node : file.graph().messages(1)) {
    const auto in = [&](std::size_t i) { return values.at(node.text(1, i)); };
    Matrix y = in(0);
    if (node.text(4) == "Gemm") y = gemm(in(0), in(1), in(2));
    if (node.text(4) == "Relu")
      for (double& value : y.values) value = std::max(value, 0.0);
    values[node.text(2)] = y;
  }
  return values.at(file.graph().message(12).text(1));
}

}  // namespace

TEST_CASE("export_onnx: a file says its version, its operators, and what goes in and out") {
  seed(1);
  const nn::Sequential model{nn::Dense(4, 8), nn::ReLU(), nn::Dropout(0.5), nn::Dense(8, 3),
                             nn::Softmax()};
  const OnnxFile file = exported(model, ones({2, 4}));
  CHECK(file.model.number(1) == 8);  // IR version
  CHECK(file.model.text(2) == "xtape");
  CHECK(file.model.message(8).number(2) == 17);  // operator set
  CHECK(file.graph().message(11).text(1) == "input");
  CHECK(file.graph().message(12).text(1) == "output");
  CHECK(file.extents(11) == Strings{"batch", "4"});
  CHECK(file.extents(12) == Strings{"batch", "3"});
  CHECK(file.node_types() == Strings{"Gemm", "Relu", "Gemm", "Softmax", "Identity"});
  const WireMessage axis = file.graph().message(1, 3).message(5);
  CHECK(axis.text(1) == "axis");
  CHECK(axis.number(3) == -1);
  CHECK(axis.number(20) == 2);  // an integer

  const OnnxFile fixed = exported(model, ones({2, 4}),
                                  {.dynamic_batch = false, .input = "points", .output = "classes"});
  CHECK(fixed.graph().message(11).text(1) == "points");
  CHECK(fixed.graph().message(12).text(1) == "classes");
  CHECK(fixed.extents(11) == Strings{"2", "4"});
}

TEST_CASE("export_onnx: parameters have the names of the state, and their bytes") {
  seed(2);
  const nn::Sequential model{nn::Dense(5, 7), nn::ReLU(), nn::Dense(7, 2)};
  const Tensor x = default_rng().normal({3, 5}, 0, 1);
  const OnnxFile file = exported(model, x);
  Strings names = file.initializers();
  std::ranges::sort(names);
  CHECK(names == Strings{"0.bias", "0.weight", "2.bias", "2.weight"});
  for (const auto& [name, tensor] : model.state()) {
    const WireMessage found = file.initializer(name);
    CHECK(found.numbers(1) ==
          std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end()));
    const std::string raw = found.text(9);
    REQUIRE(raw.size() == static_cast<std::size_t>(tensor.size()) * sizeof(float));
    CHECK(std::memcmp(raw.data(), tensor.data<float>().data(), raw.size()) == 0);
  }
  const std::vector<double> numbers = x.to_vector<double>();
  const Matrix y = carried_out(file, {3, 5, numbers});
  CHECK(mismatch(from_vector(y.values, {3, 2}).to(Dtype::float32), model(x).detach(), 1e-5) == "");
}

TEST_CASE("export_onnx: what moves a parameter leaves it its name") {
  seed(3);
  const nn::MultiheadAttention attention(8, 2);
  Strings names = exported(attention, ones({2, 5, 8})).initializers();
  for (const char* name : {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"})
    CHECK(std::ranges::count(names, name) == 1);
}

TEST_CASE("export_onnx: a parameter keeps its name whatever others are called") {
  struct Named : nn::Module {
    nn::Parameter add = parameter("add", ones({4})), batch = parameter("batch", 2 * ones({4})),
                  relu = parameter("relu", 3 * ones({4}));
    Tensor operator()(const Tensor& x) const { return xtape::relu(x + 1) * batch + add + relu; }
  };
  const Strings names = exported(Named(), ones({3, 4})).initializers();
  for (const char* name : {"add", "batch", "relu"}) CHECK(std::ranges::count(names, name) == 1);
  const auto named_so = [] {
    export_onnx("/dev/null/all.onnx", Named(), ones({3, 4}), {.input = "add"});
    return 0;
  };
  CHECK(error_of<ValueError>(named_so) ==
        "export_onnx: input and output need names of their own; the model has \"add\"");
  const Strings of_lstm = exported(nn::GRU(4, 4), ones({3, 5, 4})).initializers();
  for (const char* name : {"weight_ih_l0/ordered", "weight_hh_l0/ordered", "bias_ih_l0/ordered"})
    CHECK(std::ranges::count(of_lstm, name) == 1);
}

TEST_CASE("export_onnx: the model is called in evaluation and keeps its flags") {
  seed(4);
  nn::Sequential model{nn::Dense(4, 4), nn::BatchNorm1d(4), nn::Dropout(0.5)};
  model.at("1").train(false);
  const Tensor mean_before = model["1.running_mean"].clone();
  const OnnxFile file = exported(model, ones({3, 4}));
  CHECK(model.training());
  CHECK_FALSE(model.at("1").training());
  CHECK(model.at("2").training());
  CHECK(mismatch(model["1.running_mean"], mean_before, 0) == "");
  const Strings names = file.initializers();
  CHECK(std::ranges::count(names, "1.running_mean") == 1);
  CHECK(std::ranges::count(names, "1.num_batches_tracked") == 0);  // nobody reads it
}

TEST_CASE("export_onnx: extents that grow with the batch") {
  const auto joined = [](const Tensor& x) { return reshape(x, {x.extent(0) * 2, 2}); };
  const OnnxFile file = exported(nn::AnyModule(joined), ones({3, 4}));
  CHECK(file.extents(12) == Strings{"?", "2"});  // twice the batch has no name
  const WireMessage shape = file.graph().message(5);
  CHECK(shape.number(2) == 7);  // int64
  const std::string raw = shape.text(9);
  std::int64_t extents[2];
  REQUIRE(raw.size() == sizeof extents);
  std::memcpy(extents, raw.data(), raw.size());
  CHECK(extents[0] == -1);
  CHECK(extents[1] == 2);

  CHECK(refused([](const Tensor& x) {
          return reshape(matmul(x, transpose(x)), Shape{-1 + x.extent(0) * x.extent(0) + 1});
        }) ==
        "export_onnx: reshape: extent 0 of float32[49] depends on the batch in a way that cannot "
        "be told (see dynamic_batch)");
  CHECK(refused([](const Tensor& x) {
          return x + reshape(arange(0, x.extent(0)), {x.extent(0), 1});
        }) ==
        "export_onnx: a tensor that the model makes, int64[7, 1], an operand of add, must be the "
        "same for each "
        "batch, of 7, 2, 17 rows and 1, or have rows that repeat; got different ones (see "
        "dynamic_batch)");
  // The first of each tells nothing of the others.
  CHECK(refused([](const Tensor& x) {
          const std::int64_t n = x.extent(0);
          return x + reshape(arange(n, 2 * n), {n, 1});
        }) ==
        "export_onnx: a tensor that the model makes, int64[7, 1], an operand of add, must be the "
        "same for each "
        "batch, of 7, 2, 17 rows and 1, or have rows that repeat; got different ones (see "
        "dynamic_batch)");
  const auto divided = [](const Tensor& x) {
    return x / full({x.extent(0), 1}, static_cast<double>(x.extent(0)));
  };
  Strings nodes = exported(nn::AnyModule(divided), ones({3, 4})).node_types();
  CHECK(std::ranges::count(nodes, "Expand") == 1);
  CHECK(std::ranges::count(nodes, "Reshape") == 0);
  const auto of_classes = [](const Tensor& x) { return one_hot(argmax(0 * x, 1), x.extent(0)); };
  CHECK(exported(nn::AnyModule(of_classes), ones({3, 4})).extents(12) == Strings{"batch", "batch"});
  CHECK(refused([](const Tensor& x) { return x.extent(0) > 10 ? exp(x) : x * 2; }) ==
        "export_onnx: the model must do the same for each batch, of 7, 2, 17 rows and 1; got "
        "multiply for "
        "float32[7, 4], and exp for float32[17, 4] (see dynamic_batch)");
  // The same for one batch alone is no matter.
  const OnnxOptions fixed{.dynamic_batch = false};
  CHECK(exported(nn::AnyModule([](const Tensor& x) { return x.extent(0) > 2 ? exp(x) : x * 2; }),
                 ones({3, 4}), fixed)
            .node_types() == Strings{"Exp", "Identity"});
}

TEST_CASE("export_onnx: the batch may lie along another axis") {
  seed(5);
  const nn::GRU steps_first(4, 6, {.batch_first = false});
  for (const std::int64_t axis : {1, -2}) {
    const OnnxFile file = exported(steps_first, ones({7, 2, 4}), {.batch_axis = axis});
    CHECK(file.extents(11) == Strings{"7", "batch", "4"});
    CHECK(file.extents(12) == Strings{"7", "batch", "6"});
  }
  const OnnxFile any_steps = exported(steps_first, ones({7, 2, 4}), {.batch = "steps"});
  CHECK(any_steps.extents(11) == Strings{"steps", "2", "4"});
  CHECK(any_steps.extents(12) == Strings{"steps", "2", "6"});
  const OnnxFile columns = exported(nn::AnyModule([](const Tensor& x) { return mean(x, 1); }),
                                    ones({3, 4}), {.batch_axis = 1});
  CHECK(columns.extents(12) == Strings{"3"});
}

TEST_CASE("export_onnx: an example without a batch is told of") {
  const nn::Sequential model{nn::Dense(4, 3)};
  const auto said = [&](const Tensor& example) {
    return error_of<ShapeError>([&] {
      export_onnx("/dev/null/all.onnx", model, example);
      return 0;
    });
  };
  CHECK(said(ones({4})) ==
        "export_onnx: the model must take any number of rows, along the axis of the batch; it took "
        "float32[4], and of float32[7] says \"linear: inner extents must be equal; got float32[7] "
        "and float32[4, 3] (in 0)\": give an example [n, ...], or .dynamic_batch = false");
  // What the model does not take at all, it says itself.
  CHECK(said(ones({3, 5})) ==
        "linear: inner extents must be equal; got float32[3, 5] and float32[4, 3] (in 0)");
  CHECK(exported(model, ones({4}), {.dynamic_batch = false}).extents(12) == Strings{"3"});
}

TEST_CASE("export_onnx: a branch on the batch is seen") {
  CHECK(refused([](const Tensor& x) { return squeeze(x); }) ==
        "export_onnx: the model must do the same for one row; got float32[4] (see dynamic_batch)");
  const std::string different =
      "export_onnx: a tensor that the model makes, float32[], an operand of multiply, must be the "
      "same for each batch, of 7, 2, 17 rows and 1, or "
      "have rows that repeat; got different ones (see dynamic_batch)";
  CHECK(refused([](const Tensor& x) { return (x.extent(0) == 1 ? 2 : 3) * x; }) == different);
  CHECK(refused([](const Tensor& x) { return (x.extent(0) > 16 ? 2 : 3) * x; }) == different);
  CHECK(refused([](const Tensor& x) { return (x.extent(0) > 2 ? 2 : 3) * x; }) == different);
}

TEST_CASE("export_onnx: what passes the operations is seen") {
  const auto elsewhere = [](const Tensor& x) {
    Tensor y;
    std::thread([&] { y = x * 2; }).join();
    return x + y;
  };
  CHECK(refused(elsewhere, ones({1, 4})) ==
        "export_onnx: a tensor that the model makes, float32[7, 4], an operand of add, must be the "
        "same for each "
        "batch, of 7, 2, 17 rows and 1, or have rows that repeat; got different ones (see "
        "dynamic_batch)");
  const OnnxOptions fixed{.dynamic_batch = false};
  CHECK(refused(elsewhere, zeros({1, 4}), fixed) ==
        "export_onnx: a tensor that the model makes, float32[1, 4], an operand of add, must be the "
        "same each time, or "
        "be made of the input by operations on this thread; got different ones");
  int calls = 0;
  CHECK(refused([&](const Tensor& x) { return x * ++calls; }, ones({1, 4}), fixed) ==
        "export_onnx: a tensor that the model makes, float32[], an operand of multiply, must be "
        "the same each time, or be "
        "made of the input by operations on this thread; got different ones");
  CHECK(refused([](const Tensor&) { return arange(5); }) ==
        "export_onnx: the input has no part in the result, or passed the operations");
}

TEST_CASE("export_onnx: derivatives are not taken for their functions") {
  const auto derivative = [](auto f) {
    return [f](const Tensor& x) {
      auto [y, pull] = vjp(f, x);
      return pull(ones(y.shape()));
    };
  };
  const auto text = [](const char* name) {
    return std::string("export_onnx: the derivative of ") + name + " has no rule";
  };
  CHECK(refused(derivative([](const Tensor& x) { return relu(x); })) == text("relu"));
  CHECK(refused(derivative([](const Tensor& x) { return tanh(x); })) == text("tanh"));
  CHECK(refused(derivative([](const Tensor& x) { return softmax(x, 1); })) == text("softmax"));
  CHECK(refused(derivative([](const Tensor& x) { return log_softmax(x, 1); })) ==
        text("log_softmax"));
  CHECK(refused(derivative([](const Tensor& x) { return maximum(x, 0.1); })) == text("maximum"));
  CHECK(refused(derivative([](const Tensor& x) { return clip(x, -1, 1); })) == text("clip"));
  CHECK(refused([](const Tensor& x) {
          return jvp([](const Tensor& a) { return tanh(a); }, x, x).second;
        }) == text("tanh"));
  const auto of_pool = [](const Tensor& x) {
    auto [y, pull] = vjp([](const Tensor& a) { return average_pool(a, 2); }, x);
    return pull(y);
  };
  CHECK(refused(of_pool, ones({3, 1, 4, 4})).find("the derivative of ") != std::string::npos);
}

TEST_CASE("export_onnx: what has no place in a graph is refused by name") {
  CHECK(refused([](const Tensor& x) { return lgamma(x); }) == "export_onnx: lgamma has no rule");
  CHECK(refused([](const Tensor& x) { return sum(x).item() > 0 ? x : -x; }) ==
        "export_onnx: item reads float32[], which depends on the input: what the model makes "
        "of its values would stay as it is");
  CHECK(refused([](const Tensor& x) {
          return x + default_rng().normal({1, 4}, 0, 1);
        }) == "export_onnx: normal draws random numbers");
  const Tensor leaf = ones(Shape{4}).set_requires_grad(true);
  CHECK(refused([&](const Tensor& x) {
          leaf.assign(leaf.detach() + 1);
          return x + leaf;
        }) == "export_onnx: assign changes float32[4] while the model is called");
  const nn::Sequential deep{nn::Dense(4, 4),
                            nn::AnyModule([](const Tensor& x) { return digamma(x); })};
  CHECK(error_of<ValueError>([&] {
          export_onnx("/dev/null/all.onnx", deep, ones({3, 4}));
          return 0;
        }) == "export_onnx: digamma has no rule (in 1)");
  CHECK(error_of<ShapeError>([&] {
          export_onnx("/dev/null/all.onnx", deep, ones({0, 4}));
          return 0;
        }) == "export_onnx: an example with at least one row is needed; got float32[0, 4]");
  CHECK(error_of<ValueError>([&] {
          export_onnx("/dev/null/all.onnx", deep, ones({1, 4}), {.output = "input"});
          return 0;
        }) == "export_onnx: input and output need names of their own; got \"input\" and \"input\"");
  for (const OnnxOptions& named : {OnnxOptions{.input = "x\xe9"}, OnnxOptions{.output = "x\xe9"},
                                   OnnxOptions{.batch = "x\xe9"}}) {
    CHECK(error_of<ValueError>([&] {
            export_onnx("/dev/null/all.onnx", nn::ReLU(), ones({1, 4}), named);
            return 0;
          }) == "export_onnx: names must be UTF-8; got \"x\xe9\"");
  }
  CHECK(error_of<IoError>([&] {
          export_onnx("/dev/null/all.onnx", nn::ReLU(), ones({1, 4}));
          return 0;
        }).find("/dev/null/all.onnx") != std::string::npos);
}

TEST_CASE("export_onnx: rows that repeat, and a result that is the input") {
  CHECK(exported(nn::AnyModule([](const Tensor& x) { return x; }), ones({3, 4})).node_types() ==
        Strings{"Identity"});
  const OnnxFile file = exported(nn::AnyModule([](const Tensor& x) {
                                   return concatenate({x, ones({x.extent(0), 2})}, 1);
                                 }),
                                 ones({3, 4}));
  CHECK(file.node_types() == Strings{"Shape", "Concat", "Expand", "Concat", "Identity"});
  CHECK(file.extents(12) == Strings{"batch", "6"});
}

TEST_CASE("export_onnx: numbers alone, and results and operands without elements") {
  const OnnxOptions fixed{.dynamic_batch = false};
  const auto types = [&](auto f, const Tensor& x) {
    return exported(nn::AnyModule(f), x, fixed).node_types();
  };
  // What has no axes is not transposed, nor padded: an empty list of axes is no list in the file.
  const auto number = [](const Tensor& x) { return transpose(x * x) + 1; };
  CHECK(types(number, tensor(3.0F)) == Strings{"Mul", "Add", "Identity"});
  const auto nothing = [](const Tensor& x) { return sin(slice(x, {range(0, 0)})); };
  CHECK(types(nothing, ones({3, 4})) == Strings{"Expand", "Identity"});
  const auto around = [](const Tensor& x) { return pad(x, {{2, 1}, {0, 0}}); };
  CHECK(types(around, ones({1, 4})).front() != "Expand");
  const auto taken = [](const Tensor& x) {
    return concatenate({x, reshape(slice(x, {range(0, 0)}), {0, 4})}, 0);
  };
  CHECK(types(taken, ones({3, 4})).back() == "Identity");
}
