// A module that is looked into: its parts, their names, what is printed of it, freezing.
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"

using namespace xtape;

namespace {

struct Block : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(4, 4, {.bias = false}));
  nn::LayerNorm norm = child("norm", nn::LayerNorm(4));
  Tensor operator()(const Tensor& x) const { return norm(hidden(x)); }
};

struct Net : nn::Module {
  nn::Conv2d stem = child("stem", nn::Conv2d(3, 8, 3, {.stride = {2, 1}, .padding = 1}));
  nn::ModuleList<Block> blocks = child("blocks", nn::ModuleList<Block>());
  nn::Sequential head = child("head", nn::Sequential(nn::BatchNorm1d(4), relu, nn::Dense(4, 3)));
  Net() { blocks.push_back(Block()); }
};

template <class M>
std::string printed(const M& module) {
  std::ostringstream stream;
  stream << module;
  return stream.str();
}

std::vector<std::string> names(const nn::NamedModules& modules) {
  std::vector<std::string> list;
  for (const auto& [name, module] : modules) list.push_back(name);
  return list;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "Module: the tree is printed with types, arguments and options that are not the usual ones") {
  CHECK(printed(Net()) == R"(Net(
  (stem): Conv2d(3, 8, 3, stride=[2, 1], padding=1)
  (blocks): ModuleList<Block>(
    (0): Block(
      (hidden): Dense(4, 4, bias=false)
      (norm): LayerNorm([4])
    )
  )
  (head): Sequential(
    (0): BatchNorm1d(4)
    (1): Function()
    (2): Dense(4, 3)
  )
))");
  CHECK(printed(nn::Sequential()) == "Sequential()");
  const Net net;
  CHECK(printed(net.head[2]) == "Dense(4, 3)");
  CHECK(printed(net.at("blocks.0.norm")) == "LayerNorm([4])");
  CHECK(printed(clone(net)) == printed(net));
}

TEST_CASE("Module: every layer says its arguments") {
  CHECK(printed(nn::Conv1d(2, 4, 3, {.padding = ConvolutionPadding::same, .groups = 2})) ==
        "Conv1d(2, 4, 3, padding=same, groups=2)");
  CHECK(printed(nn::ConvTranspose3d(2, 4, {1, 2, 3}, {.output_padding = 0, .bias = false})) ==
        "ConvTranspose3d(2, 4, [1, 2, 3], bias=false)");
  CHECK(printed(nn::MaxPool2d(2)) == "MaxPool2d(2)");
  CHECK(printed(nn::AvgPool1d(3, {.stride = 1, .padding = 1})) ==
        "AvgPool1d(3, stride=1, padding=1)");
  CHECK(printed(nn::AdaptiveMaxPool1d(4)) == "AdaptiveMaxPool1d(4)");
  CHECK(printed(nn::AdaptiveAvgPool2d({4, 2})) == "AdaptiveAvgPool2d([4, 2])");
  CHECK(printed(nn::RMSNorm(8, {.eps = 1e-6})) == "RMSNorm([8], eps=1e-06)");
  CHECK(printed(nn::GroupNorm(2, 8)) == "GroupNorm(2, 8)");
  CHECK(printed(nn::Embedding(10, 4, {.padding_index = 0})) == "Embedding(10, 4, padding_index=0)");
  CHECK(printed(nn::Dropout(0.25)) == "Dropout(0.25)");
  CHECK(printed(nn::LeakyReLU(0.2)) == "LeakyReLU(0.2)");
  CHECK(printed(nn::ReLU()) == "ReLU()");
  CHECK(printed(nn::Flatten()) == "Flatten(1, -1)");
}

TEST_CASE("Module: parts are found by name, parents first") {
  const Net net;
  CHECK(names(net.children()) == Names{"stem", "blocks", "head"});
  CHECK(names(net.named_modules()) == Names{"", "stem", "blocks", "blocks.0", "blocks.0.hidden",
                                            "blocks.0.norm", "head", "head.0", "head.1", "head.2"});
  CHECK(net.at("blocks.0").path() == "blocks.0");
  CHECK(net.at("").type() == net.type());
  nn::NamedModules some = net.named_modules();
  some.erase(some.begin());  // of the list, not of the model
  CHECK(some.front().second->type() == "Conv2d");
  CHECK(net.named_modules().size() == 10);
  Names seen;
  net.apply([&](const nn::Module& module) { seen.push_back(module.path()); });
  CHECK(seen == Names{"head.2", "head.1", "head.0", "head", "blocks.0.norm", "blocks.0.hidden",
                      "blocks.0", "blocks", "stem", ""});
}

TEST_CASE("Module: a part that was replaced is printed as what it is") {
  struct Outer : nn::Module {
    Block inner = child("inner", Block());
  };
  Outer outer;
  outer.inner = Block();
  CHECK(outer.at("inner").type() == "Block");
  CHECK(printed(nn::MultiheadAttention(4, 2))
            .starts_with("MultiheadAttention(4, 2,\n  (out_proj): "));
}

TEST_CASE("Module: a part that is there twice is visited once, under its first name") {
  const nn::Dense shared(4, 4);
  const nn::Sequential net(shared, nn::ReLU(), shared);
  CHECK(names(net.children()) == Names{"0", "1", "2"});
  CHECK(names(net.named_modules()) == Names{"", "0", "1"});
  CHECK(size(net) == 20);
}

TEST_CASE("Module: parameters and buffers by path are those of the module") {
  const Net net;
  net["blocks.0.norm.bias"].assign(full({4}, 2));
  CHECK(net.blocks[0].norm.bias.data<float>()[3] == 2);
  CHECK(net["head.0.running_var"].shape() == Shape{4});
  CHECK(net.head["2.weight"].shape() == Shape{4, 3});
  CHECK_THROWS_WITH_AS(
      net["blocks.0.norm.scale"],
      "module: \"blocks.0.norm.scale\" must name a parameter or buffer; of LayerNorm there are "
      "\"weight\", \"bias\"",
      IndexError);
  CHECK_THROWS_WITH_AS(net["blocks.1.norm.bias"],
                       "module: \"blocks.1.norm\" must name a module; of ModuleList<Block> there "
                       "are \"0\"",
                       IndexError);
  CHECK_THROWS_AS(net.at("head."), IndexError);
  CHECK_THROWS_AS(net["."], IndexError);
}

TEST_CASE("Module: what is frozen gets no gradients and no steps until it is thawed") {
  const nn::Sequential net(nn::Dense(2, 3), nn::Tanh(), nn::Dense(3, 1));
  optim::SGD optimizer(net.parameters(), {.learning_rate = 0.1});
  net.at("0").freeze();
  const Tensor before = net["0.weight"].clone();
  const auto step = [&] {
    optimizer.zero_grad();
    sum(net(ones({4, 2}))).backward();
    optimizer.step();
  };
  step();
  CHECK(net["0.weight"].grad().defined() == false);
  CHECK(all(net["0.weight"] == before).item() == 1);
  CHECK(net["2.weight"].grad().defined());
  net.requires_grad();
  step();
  CHECK(all(net["0.weight"] == before).item() == 0);
  CHECK(size(net) == 2 * 3 + 3 + 3 + 1);
  std::vector<Tensor> others;
  for (const Tensor& parameter : net.parameters()) others.push_back(2 * parameter);
  const auto given = nn::with_parameters(net, others);
  CHECK_THROWS_AS(given.freeze(), ValueError);
}

TEST_CASE("Dense: without a bias it is a product") {
  const nn::Dense layer(2, 3, {.bias = false});
  CHECK(layer.parameters().size() == 1);
  CHECK_FALSE(layer.bias.defined());
  layer.weight.assign(tensor({{1.0f, 2.0f, 3.0f}, {4.0f, 5.0f, 6.0f}}));
  const Tensor y = layer(tensor({1.0f, 10.0f})).detach();
  CHECK(y.data<float>()[2] == 63);
  CHECK_THROWS_AS(layer(ones({4, 3})), ShapeError);
  CHECK_THROWS_AS(layer(ones({4, 2}, Dtype::float64)), DtypeError);
}
