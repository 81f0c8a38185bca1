#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"
#include "loaded_c.hpp"
#include "onnx_reader.hpp"
#include "several.hpp"

using namespace xtape;
using models::LibraryOfC, models::no_compiler, models::Tensors;

namespace {

using Strings = std::vector<std::string>;

/// The function of C that is made of a model.
class Loaded {
 public:
  Loaded(const models::SeveralCase& of, const Tensors& example, const CSourceOptions& options = {})
      : text(written(of, example, options)), library_(directory_, "model.c") {}
  Tensors operator()(const Tensors& x, const Tensors& like) const {
    return library_.call("model", x, like);
  }

 private:
  std::string written(const models::SeveralCase& of, const Tensors& example,
                      const CSourceOptions& options) const {
    of.to_c(directory_.file("model.c"), example, options);
    return models::text_of(directory_.file("model.c"));
  }
  TemporaryDirectory directory_;

 public:
  const std::string text;

 private:
  LibraryOfC library_;
};

models::SeveralCase named(const std::string& name) {
  for (models::SeveralCase& of : models::of_several())
    if (of.name == name) return std::move(of);
  FAIL("no such model");
  return {};
}

OnnxFile exported(const models::SeveralCase& of) {
  const TemporaryDirectory directory;
  of.to_onnx(directory.file("model.onnx"), of.inputs(3));
  return OnnxFile(directory.file("model.onnx"));
}

/// "x float32 batch 4" of each input (11) or output (12).
Strings places(const OnnxFile& file, std::uint64_t field) {
  Strings all;
  for (std::size_t i = 0; i < file.graph().count(field); ++i) {
    const WireMessage place = file.graph().message(field, i);
    const std::int64_t type = place.message(2).message(1).number(1);
    std::string text = place.text(1) + (type == 7 ? " int64" : type == 1 ? " float32" : " float64");
    for (const std::string& extent : file.extents(field, i)) text += " " + extent;
    all.push_back(text);
  }
  return all;
}

template <class Model>
std::string refused(const Model& model, const ExportInputs& example,
                    const OnnxOptions& options = {}) {
  return error_of<Error>([&] {
    export_onnx("/dev/null/all.onnx", model, example, options);
    return 0;
  });
}

template <class Model>
std::string refused_in_c(const Model& model, const ExportInputs& example,
                         const CSourceOptions& options = {}) {
  return error_of<Error>([&] {
    export_c("/dev/null/all.c", model, example, options);
    return 0;
  });
}

}  // namespace

TEST_CASE("export: models of several inputs and results give in C what the library gives") {
  if (no_compiler()) return;
  for (const models::SeveralCase& of : models::of_several()) {
    CAPTURE(of.name);
    const Tensors x = of.inputs(2), y = of.call(x), got = Loaded(of, x)(x, y);
    for (std::size_t i = 0; i < y.size(); ++i) {
      CAPTURE(i);
      CHECK(mismatch(got[i], y[i], tolerance_of(y[i].dtype())) == "");
    }
  }
}

TEST_CASE("export: a recurrent net in C goes on where a block ended") {
  if (no_compiler()) return;
  seed(12);
  const models::Blocks model;
  const Tensor x = default_rng().normal({2, 9, 4}, 0, 1), none = zeros({1, 2, 6});
  const auto [y, last_h, last_c] = model(x, none, none);
  const TemporaryDirectory directory;
  export_c(directory.file("model.c"), model, {slice(x, {Slice::all, range(0, 3)}), none, none});
  const LibraryOfC library(directory, "model.c");
  Tensors states{none, none};
  for (std::int64_t block = 0; block < 3; ++block) {
    const auto part = range(3 * block, 3 * block + 3);
    const Tensor in = slice(x, {Slice::all, part}).contiguous();
    const Tensor wanted = slice(y, {Slice::all, part}).detach().contiguous();
    const Tensors got = library.call("model", {in, states[0], states[1]}, {wanted, none, none});
    CHECK(mismatch(got[0], wanted, 1e-5) == "");
    states = {got[1], got[2]};
  }
  CHECK(mismatch(states[0], last_h.detach().contiguous(), 1e-5) == "");
  CHECK(mismatch(states[1], last_c.detach().contiguous(), 1e-5) == "");
}

TEST_CASE("export: what several inputs and results are called") {
  const OnnxFile blocks = exported(named("blocks"));
  CHECK(places(blocks, 11) == Strings{"input_0 float32 batch 3 4", "input_1 float32 1 batch 6",
                                      "input_2 float32 1 batch 6"});
  CHECK(places(blocks, 12) == Strings{"output_0 float32 batch 3 2", "output_1 float32 1 batch 6",
                                      "output_2 float32 1 batch 6"});
  const OnnxFile decoder = exported(named("decoder"));
  CHECK(places(decoder, 11) == Strings{"input_0 int64 batch 3", "input_1 float32 batch 5 8"});
  CHECK(places(decoder, 12) == Strings{"output_0 float32 batch 3 20", "output_1 int64 batch 3"});
  const OnnxFile encoder = exported(named("encoder"));
  CHECK(places(encoder, 11) == Strings{"input float32 batch 4"});
  CHECK(encoder.graph().count(12) == 5);
  CHECK(places(exported(named("beside")), 11) ==
        Strings{"input_0 float32 4 3", "input_1 float32 batch 4"});

  const TemporaryDirectory directory;
  const std::string path = directory.file("model");
  const Tensor x = ones({2, 3, 4}), h = ones({1, 2, 6}), c = 2 * h;
  export_onnx(path, models::Blocks(), {x, h, c},
              {.batch = "rows",
               .batch_axes = {0, 1, -2},
               .inputs = {"x", "h", "c"},
               .outputs = {"y", "next_h", "next_c"}});
  CHECK(places(OnnxFile(path), 11) ==
        Strings{"x float32 rows 3 4", "h float32 1 rows 6", "c float32 1 rows 6"});
  CHECK(places(OnnxFile(path), 12)[1] == "next_h float32 1 rows 6");
  export_c(path, models::Blocks(), {x, h, c},
           {.name = "step", .inputs = {"x", "h", "c"}, .outputs = {"y", "next_h", "next_c"}});
  const std::string text = models::text_of(path);
  CHECK(text.find("\nvoid step(const float* x, const float* h, const float* c, float* y, float* "
                  "next_h, float* next_c);\n") != std::string::npos);
  CHECK(text.find("     h  float32[1, 2, 6], in row-major order\n") != std::string::npos);
  export_c(path, nn::ReLU(), x, {.inputs = {"pixels"}});
  CHECK(models::text_of(path).find("void model(const float* pixels, float* y);\n") !=
        std::string::npos);
}

TEST_CASE("export: bytes of a model of several inputs") {
  if (no_compiler()) return;
  const models::SeveralCase of = named("decoder");
  const Tensors x = of.inputs(2), y = of.call(x), calibration = of.inputs(40);
  const Loaded loaded(of, x, {.calibration = calibration});
  CHECK(loaded.text.find("signed char k_out_weight_bytes[160]") != std::string::npos);
  const Tensors got = loaded(x, y);
  CHECK(amax(abs(got[0] - y[0])).item() < 0.03 * amax(abs(y[0])).item());
  CHECK(amax(abs(got[0] - y[0])).item() > 0);

  const Tensor tokens = x[0], source = x[1];
  const std::string rule = "export_c: the calibration must ";
  const models::Decoder model;
  CHECK(refused_in_c(model, {tokens, source}, {.calibration = tokens}) ==
        rule + "have a tensor for each input; got 1 for 2");
  CHECK(refused_in_c(model, {tokens, source}, {.calibration = {source, tokens}}) ==
        rule + "be like the example; got float32[2, 5, 8] for int64[2, 3]");
  CHECK(refused_in_c(model, {tokens, source}, {.calibration = {tokens, ones({4, 3, 8})}}) ==
        rule + "be like the example, of any batch; got float32[4, 3, 8] for float32[2, 5, 8]");
}

TEST_CASE("export: several inputs and results that have no place in a file are refused") {
  struct Two : nn::Module {
    std::pair<Tensor, Tensor> operator()(const Tensor& a, const Tensor& b) const {
      return {a + 1, shape_only ? a + ones(b.shape()) : constant ? ones({3}) : b};
    }
    bool shape_only = false, constant = false;
  };
  const Tensor x = ones({2, 3});
  Two two;
  CHECK(refused(two, x) ==
        "export_onnx: the model must take as many tensors as it is given; got 1");
  CHECK(refused_in_c(two, {x, x, x}) ==
        "export_c: the model must take as many tensors as it is given; got 3");
  CHECK(refused(two, std::vector<Tensor>()) == "export_onnx: an example of each input is needed");
  CHECK(refused_in_c(two, std::vector<Tensor>()) == "export_c: an example of each input is needed");
  CHECK(refused(two, {x, Tensor()}) == error_of<ValueError>([] {
          return export_onnx("/dev/null/all.onnx", nn::ReLU(), Tensor()), 0;
        }));
  CHECK(refused(two, {x, x}, {.inputs = {"a"}}) ==
        "export_onnx: each input needs a name; got 1 for 2");
  CHECK(refused(two, {x, x}, {.outputs = {"a", "b", "c"}}) ==
        "export_onnx: each output needs a name; got 3 for 2");
  CHECK(refused(two, {x, x}, {.inputs = {"a", "b"}, .outputs = {"b", "c"}}) ==
        "export_onnx: input and output need names of their own; got \"a\" and \"b\" and \"b\" and "
        "\"c\"");
  CHECK(refused(two, {x, x}, {.batch_axes = {0}}) ==
        "export_onnx: batch_axes must be one for each input; got 1 for 2");
  CHECK(refused(two, {x, x}, {.batch_axes = {0, 2}}) ==
        "export_onnx: axis must lie in [-2, 2); got 2");
  CHECK(refused(two, {x, ones({0, 3})}) ==
        "export_onnx: an example with at least one row is needed; got float32[0, 3]");
  const std::string names =
      "export_c: inputs and outputs need names of their own, which are identifiers of C and not "
      "taken; got ";
  CHECK(refused_in_c(two, {x, x}, {.inputs = {"a", "float"}}) == names + "\"float\"");
  CHECK(refused_in_c(two, {x, x}, {.inputs = {"a", "b"}, .outputs = {"c", "a"}}) ==
        names + "\"a\"");
  CHECK(refused_in_c(two, {x, x}, {.inputs = {"a", "b", "c"}}) ==
        "export_c: each input needs a name; got 3 for 2");
  two.shape_only = true;
  CHECK(refused(two, {x, x}) ==
        "export_onnx: input 1 has no part in a result, or passed the operations");
  two.constant = true;
  two.shape_only = false;
  CHECK(refused_in_c(two, {x, x}) ==
        "export_c: the inputs have no part in result 1, or passed the operations");
  struct Nothing : nn::Module {
    Tensors operator()(const Tensor&) const { return {}; }
  };
  CHECK(refused(Nothing(), x) == "export_onnx: the model must give a tensor; got none");
}
