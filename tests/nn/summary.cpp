// What `summary` says of a model: outputs, parameters, operations, memory, time.
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

struct Classifier : nn::Module {
  nn::Sequential body = child("body", nn::Sequential(nn::Conv2d(1, 4, 3, {.padding = 1}),
                                                     nn::ReLU(), nn::MaxPool2d(2), nn::Flatten()));
  nn::Dense head = child("head", nn::Dense(4 * 3 * 3, 5));
  Tensor operator()(const Tensor& x) const { return head(body(x)); }
};

struct Pair : nn::Module {
  nn::Dense left = child("left", nn::Dense(2, 3));
  nn::Dense right = child("right", nn::Dense(4, 3));
  nn::Dense unused = child("unused", nn::Dense(4, 3));
  Tensor operator()(const Tensor& a, const Tensor& b) const { return left(a) * right(b); }
};

}  // namespace

TEST_CASE("summary: outputs, parameters, flops and bytes of each module") {
  const Classifier model;
  model.head.freeze();
  const nn::Summary summary = nn::summary(model, zeros({2, 1, 6, 6}));
  REQUIRE(summary.rows.size() == 7);
  const nn::SummaryRow &all = summary.rows[0], &conv = summary.rows[2], &head = summary.rows[6];
  CHECK(conv.path == "body.0");
  CHECK(conv.layer == "Conv2d(1, 4, 3, padding=1)");
  CHECK(conv.output == "float32[2, 4, 6, 6]");
  CHECK(conv.parameters == 4 * 9 + 4);
  // A product with each tap, and the bias.
  CHECK(conv.flops >= 2 * 9 * 2 * 4 * 36);
  CHECK(conv.flops <= 2 * 9 * 2 * 4 * 36 + 2 * 4 * 36);
  CHECK(conv.bytes >= 4 * 2 * 4 * 36);
  CHECK(head.path == "head");
  CHECK(head.flops == 2 * 2 * 36 * 5);
  CHECK(head.bytes == 4 * 2 * 5);
  CHECK(head.calls == 1);
  CHECK(head.seconds == 0);
  CHECK(all.path == "");
  CHECK(all.output == "float32[2, 5]");
  CHECK(all.parameters == 40 + 36 * 5 + 5);
  CHECK(all.trained == 40);
  CHECK(all.flops == summary.rows[1].flops + head.flops);
  std::ostringstream stream;
  stream << summary;
  CHECK(stream.str().find("\nbody.2   MaxPool2d(2)  ") != std::string::npos);
  CHECK(stream.str().find("225 parameters, 40 of them trained") != std::string::npos);
}

TEST_CASE("summary: models of several inputs, and modules that nobody calls") {
  const Pair model;
  const nn::Summary summary = nn::summary(model,
                                          [&] {
                                            static_cast<void>(model(ones({7, 2}), ones({7, 4})));
                                          },
                                          {.time = true});
  CHECK(summary.rows[1].output == "float32[7, 3]");
  CHECK(summary.rows[1].calls == 1);
  CHECK(summary.rows[1].seconds > 0);
  CHECK(summary.rows[3].path == "unused");
  CHECK(summary.rows[3].output == "");
  CHECK(summary.rows[3].calls == 0);
  CHECK(summary.rows[0].flops == 2 * 7 * 3 * (2 + 4) + 7 * 3);
}

TEST_CASE("summary: leaves the model as it was") {
  const nn::Sequential model(nn::Dense(3, 4), nn::BatchNorm1d(4), nn::Dropout(0.5));
  model.at("1").eval();
  const NamedTensors before = model.state();
  std::vector<Tensor> copies;
  for (const auto& [name, tensor] : before) copies.push_back(tensor.clone());
  static_cast<void>(nn::summary(model, ones({5, 3}), {.time = true}));
  const NamedTensors after = model.state();
  for (std::size_t i = 0; i < after.size(); ++i)
    CHECK(all(after[i].second == copies[i]).item() == 1);
  CHECK(model.training());
  CHECK_FALSE(model.at("1").training());
  CHECK(model.at("2").training());
  CHECK_THROWS_AS(static_cast<void>(nn::summary(model, ones({5, 2}))), ShapeError);
  CHECK(model.training());
}
