// Parts that are replaced, captured, listed and held by value: the registry follows.

#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using Strings = std::vector<std::string>;

namespace {

struct Net : nn::Module {
  nn::Sequential body = child("body", nn::Sequential(nn::Dense(2, 3), nn::Tanh()));
  nn::Dense head = child("head", nn::Dense(3, 2));
  nn::Parameter scale = parameter("scale", ones({1}));
  Tensor operator()(const Tensor& x) const { return head(body(x)) * scale; }
};

Strings names(const NamedTensors& tensors) {
  Strings names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

/// Whether the model computes with just what it registers.
void check_registered(const nn::Module& model, const Tensor& loss) {
  CHECK(optim::SGD(model).missed(loss) == Strings{});
}

}  // namespace

TEST_CASE("a replaced layer is the one that is registered") {
  Net net;
  net.eval();
  net.head = nn::Dense(3, 5);
  CHECK(names(net.named_parameters()) ==
        Strings{"scale", "body.0.weight", "body.0.bias", "head.weight", "head.bias"});
  CHECK(net.named_parameters()[3].second.shape() == Shape{3, 5});
  CHECK(&net.named_parameters()[3].second.body() == &net.head.weight.body());
  CHECK_FALSE(net.head.training());
  CHECK(net.head.path() == "head");
  check_registered(net, sum(net(ones({4, 2}))));
  const Net copy = nn::clone(net);
  CHECK(copy(ones({4, 2})).shape() == Shape{4, 5});
  net.head = nn::Dense(3, 1);
  net.body = nn::Sequential(nn::Dense(2, 3), nn::ReLU(), nn::Dense(3, 3));
  net.body[2] = nn::Dense(3, 3, {.dtype = Dtype::float32});
  check_registered(net, sum(net(ones({4, 2}))));
  CHECK(net.named_parameters().size() == 7);
}

TEST_CASE("a new part follows the whole in flags and dtype") {
  nn::Sequential model{nn::Dense(2, 2)};
  model.eval();
  model.to(Dtype::float64);
  model.push_back(nn::Dropout(0.5));
  model.push_back(nn::Dense(2, 2));
  CHECK_FALSE(model[1]->training());
  CHECK(model(ones({1, 2}, Dtype::float64)).dtype() == Dtype::float64);
}

TEST_CASE("a layer that copies share is not replaced, a model is") {
  Net net;
  {
    const Net copy = net;
    const Tensor before = net.head.weight;
    CHECK(error_of<ValueError>([&] {
            net.head = nn::Dense(3, 5);
            return 0;
          }) ==
          "module: \"head\" cannot be replaced while copies share it, such as a variable that was "
          "handed to the model; use a new variable, or hand over an nn::clone");
    CHECK(&net.head.weight.body() == &before.body());
  }
  Net best = net;
  best = nn::clone(net);  // while the old one is shared
  CHECK(&best.head.weight.body() != &net.head.weight.body());
  check_registered(best, sum(best(ones({4, 2}))));
  check_registered(net, sum(net(ones({4, 2}))));
  best = Net();
  net = best;
  CHECK(&best.head.weight.body() == &net.head.weight.body());
  check_registered(net, sum(net(ones({4, 2}))));
}

TEST_CASE("parts cannot be swapped by assignments, and a try leaves them as they were") {
  struct Two : nn::Module {
    nn::Dense a = child("a", nn::Dense(2, 2)), b = child("b", nn::Dense(2, 2));
    Tensor operator()(const Tensor& x) const { return b(a(x)); }
  };
  Two model;
  const Tensor x = ones({1, 2}), before = model(x).detach();
  CHECK_THROWS_AS(std::swap(model.a, model.b), ValueError);
  CHECK(mismatch(model(x).detach(), before) == "");
  check_registered(model, sum(model(x)));
  nn::Dense moved = std::move(model.a);
  CHECK(&moved.weight.body() == &model.a.weight.body());  // NOLINT(bugprone-use-after-move)
  nn::Sequential list{nn::Dense(2, 2), nn::Tanh()};
  const Tensor of_list = list(x).detach();
  CHECK_THROWS_AS(std::swap(list[0], list[1]), ValueError);
  {
    const nn::AnyModule taken = std::move(list[0]);
    CHECK_THROWS_AS(list[0] = nn::Dense(2, 2), ValueError);
  }
  CHECK(mismatch(list(x).detach(), of_list) == "");
  check_registered(list, sum(list(x)));
  list[0] = nn::Dense(2, 2);
  check_registered(list, sum(list(x)));
  nn::AnyModule own{nn::Tanh()};
  list.push_back(std::move(own));
  list[2] = nn::ReLU();  // what was nobody's part has been moved
  CHECK(list.at("2").type() == "ReLU");
  Two whole;
  std::swap(model, whole);  // no parts of others
  CHECK(mismatch(whole(x).detach(), before) == "");
  check_registered(whole, sum(whole(x)));
}

TEST_CASE("an empty function is no layer") {
  using Function = std::function<Tensor(const Tensor&)>;
  const std::string text = "module: a function is needed; got an empty one";
  nn::Sequential model;
  CHECK(error_of<ValueError>([&] { return model.push_back(Function()), 0; }) == text);
  CHECK(error_of<ValueError>([] { return nn::Sequential{nn::Dense(2, 2), Function()}; }) == text);
  Tensor (*const none)(const Tensor&) = nullptr;
  CHECK(error_of<ValueError>([&] { return nn::AnyModule(none); }) == text);
  CHECK(model.size() == 0);
  model.push_back(Function([](const Tensor& x) { return 2.0 * x; }));
  CHECK(model(ones({1})).item() == 2);
}

TEST_CASE("a part of another type is printed as what it is") {
  const auto shout = [](const Tensor& t) { return t * 2.0; };
  struct Own : nn::Module {
    nn::AnyModule head = child("head", nn::AnyModule(nn::ReLU()));
    Tensor operator()(const Tensor& x) const { return head(x); }
  };
  Own own;
  nn::ModuleList<> list{nn::ReLU()};
  nn::ModuleDict<> dict{{"head", nn::ReLU()}};
  nn::Sequential sequence{nn::ReLU(), nn::Dense(1, 1)};
  const auto check = [&](const std::string& type) {
    CHECK(own.at("head").type() == type);
    CHECK(list.children()[0].second->type() == type);
    CHECK(dict.at("head").type() == type);
    CHECK(sequence.at("0").type() == type);
    std::ostringstream text;
    text << sequence;
    CHECK(text.str() == "Sequential(\n  (0): " + type + "()\n  (1): Dense(1, 1)\n)");
  };
  const auto put = [&](const auto& make) {
    own.head = make();
    list[0] = make();
    dict["head"] = make();
    sequence[0] = make();
  };
  check("ReLU");
  put([] { return nn::Tanh(); });
  check("Tanh");
  put([&] { return shout; });
  check("Function");
  sequence[1] = shout;
  CHECK(sequence.at("1").type() == "Function");
  put([] { return Own(); });
  CHECK(own.at("head").type() == "Own");
  sequence[0] = sequence[1];
  CHECK(sequence.at("0").type() == "Function");
}

TEST_CASE("lists of modules are made of those in braces") {
  const nn::Dense a(1, 2);
  const nn::ModuleList<nn::Dense> list{a, nn::Dense(2, 3)}, copy{list};
  CHECK(names(list.named_parameters()) == Strings{"0.weight", "0.bias", "1.weight", "1.bias"});
  CHECK(&copy[0].weight.body() == &a.weight.body());
  const nn::ModuleDict<nn::Dense> dict{{"a", a}, {"b", nn::Dense(2, 3)}};
  CHECK(names(dict.named_parameters()) == Strings{"a.weight", "a.bias", "b.weight", "b.bias"});
}

// A handle in a list of them could be bound to another tensor, and nothing be trained.
template <class List>
concept rebinds = requires(List list) {
  *std::begin(list) -= 1.0;
};
static_assert(rebinds<std::vector<Tensor>&>);
static_assert(!rebinds<decltype(std::declval<const nn::Module&>().parameters())>);
template <class List>
concept rebinds_named = requires(List list) {
  std::begin(list)->second = zeros({1});
};
static_assert(rebinds_named<NamedTensors&>);
static_assert(!rebinds_named<decltype(std::declval<const nn::Module&>().named_parameters())>);
static_assert(!rebinds_named<decltype(std::declval<const nn::Module&>().named_buffers())>);

TEST_CASE("a model is assigned whole, with the layers that it holds by handles") {
  struct Handles : nn::Module {
    nn::AnyModule head = child("head", nn::AnyModule(nn::Dense(2, 3)));
    nn::Residual block = child("block", nn::Residual(nn::Dense(3, 3)));
    Tensor operator()(const Tensor& x) const { return block(head(x)); }
  };
  const Handles model;
  Handles best = model;
  best = nn::clone(model);
  const NoGradGuard off;
  const Tensor x = ones({1, 2}), before = model(x);
  for (const Tensor& parameter : best.parameters()) parameter.assign(zeros_like(parameter));
  CHECK(sum(abs(best(x))).item() == 0);
  CHECK(model(x).to_vector<float>() == before.to_vector<float>());
}

TEST_CASE("a handle that was moved from holds nothing, and can be given a layer") {
  nn::AnyModule a(nn::Dense(2, 3));
  nn::AnyModule b = std::move(a);
  nn::AnyModule c = a;  // NOLINT(bugprone-use-after-move)
  CHECK(error_of<ValueError>([&] {
          return c(ones({1, 2}));
        }) == "any module: a layer is needed; this one was moved from");
  CHECK_THROWS_AS(static_cast<void>(a->parameters()), ValueError);
  a = b;
  CHECK(a(ones({1, 2})).shape() == Shape{1, 3});
}

TEST_CASE("a tensor registered late follows the whole in dtype, by its constructor's body too") {
  struct Late : nn::Module {
    nn::Parameter weight;
    nn::Buffer mean;
    Late() {
      to(Dtype::float64);
      weight = parameter("weight", ones({2}));
      mean = buffer("mean", ones({2}));
    }
  };
  const Late late;
  CHECK(late.weight.dtype() == Dtype::float64);
  CHECK(late.mean.dtype() == Dtype::float64);
  CHECK(late.parameters().size() == 1);
}

TEST_CASE("a registered tensor is not bound to another one") {
  Net net, other;
  const Tensor before = net.head.weight;
  static_assert(!std::is_assignable_v<nn::Parameter&, Tensor>);
  static_assert(!std::is_convertible_v<nn::Registration, Tensor>);
  CHECK_THROWS_AS(net.head.weight = other.head.weight, ValueError);
  CHECK_THROWS_AS(net.scale = other.scale, ValueError);
  CHECK(&net.head.weight.body() == &before.body());
  nn::Dense layer(3, 2), source(3, 2);
  layer = source;
  CHECK_THROWS_AS(layer.weight = net.head.weight, ValueError);
}

TEST_CASE("a function in a sequential registers the modules that it captures") {
  const nn::Sequential model{nn::Dense(2, 2),
                             [skip = Net()](const Tensor& x) { return x + skip(x); }};
  CHECK(names(model.named_parameters()) == Strings{"0.weight", "0.bias", "1.0.scale",
                                                   "1.0.body.0.weight", "1.0.body.0.bias",
                                                   "1.0.head.weight", "1.0.head.bias"});
  check_registered(model, sum(model(ones({1, 2}))));
  const nn::Sequential copy = nn::clone(model);
  check_registered(copy, sum(copy(ones({1, 2}))));
  CHECK(error_of<ShapeError>([&] { return model[1](ones({1, 3})); }).ends_with("(in 1.0.body.0)"));
}

TEST_CASE("a leaf that nobody registered is told") {
  const Tensor w = ones({2, 2}).set_requires_grad(true);
  const nn::Sequential model{nn::Dense(2, 2), [w](const Tensor& x) { return matmul(x, w); }};
  const Tensor loss = sum(model(ones({1, 2})));
  CHECK(optim::SGD(model).missed(loss) == Strings{"float32[2, 2]"});
  CHECK(optim::SGD(*model[0].operator->()).missed(loss, {{"w", w}}) == Strings{"w"});
}

TEST_CASE("residual adds its input to what its body makes of it") {
  const nn::Residual block(nn::Dense(2, 2), nn::Tanh());
  CHECK(names(block.named_parameters()) == Strings{"body.0.weight", "body.0.bias"});
  const Tensor x = tensor({{0.5, -1.0}});
  const auto p = block.parameters();
  CHECK(values(block(x)) == values(x + tanh(linear(x, p[0], p[1]))));
  const nn::Residual nested(block);  // a copy
  CHECK(&nested.parameters()[0].body() == &p[0].body());
  CHECK(error_of<ShapeError>([&] { return nn::Residual(nn::Dense(2, 1))(x); }) ==
        "residual: the body must keep the shape; got float32[1, 1] for float32[1, 2]");
  const nn::Sequential model{nn::Residual(nn::Dense(2, 2)), relu};
  const nn::Sequential copy = nn::clone(model);
  check_registered(copy, sum(copy(x)));
}

TEST_CASE("a list registers its modules, and a clone has its own") {
  struct Stack : nn::Module {
    nn::ModuleList<nn::Dense> layers = child("layers", nn::ModuleList<nn::Dense>());
    nn::AnyModule last = child("last", nn::AnyModule(nn::Dense(2, 1)));
    Stack() {
      for (int i = 0; i < 3; ++i) layers.push_back(nn::Dense(2, 2));
    }
    Tensor operator()(Tensor x) const {
      for (const nn::Dense& layer : layers) x = layer(x);
      return last(x);
    }
  };
  Stack stack;
  CHECK(names(stack.named_parameters()).size() == 8);
  CHECK(names(stack.named_parameters())[2] == "layers.1.weight");
  check_registered(stack, sum(stack(ones({1, 2}))));
  stack.layers[1] = nn::Dense(2, 2);
  stack.last = nn::Sequential(nn::Dense(2, 4), nn::Dense(4, 1));
  check_registered(stack, sum(stack(ones({1, 2}))));
  const Stack copy = nn::clone(stack);
  check_registered(copy, sum(copy(ones({1, 2}))));
  CHECK(&copy.layers[1].weight.body() != &stack.layers[1].weight.body());
  CHECK(error_of<ShapeError>([&] { return stack(ones({1, 3})); }).ends_with("(in layers.0)"));
  CHECK(stack.last.get_if<nn::Sequential>() != nullptr);
  CHECK(stack.last.get_if<nn::Dense>() == nullptr);
  CHECK(error_of<IndexError>([&] { return stack.layers[3].path(); }) ==
        "module list: there are 3 modules; got index 3");
}

TEST_CASE("a model that holds a part by a pointer is not cloned") {
  struct Shares : nn::Module {
    std::shared_ptr<nn::Dense> layer = std::make_shared<nn::Dense>(child("layer", nn::Dense(2, 2)));
  };
  const Shares model;
  CHECK(error_of<ValueError>([&] { return nn::clone(model).path(); }) ==
        "clone: a module must hold its parts by value; got \"layer\" behind a pointer or reference "
        "(see AnyModule)");
}

TEST_CASE("errors name the whole path, wherever in a model the layer is called") {
  struct Outer : nn::Module {
    Net net = child("net", Net());
    Tensor operator()(const Tensor& x) const { return net(x); }
  };
  const Outer outer;
  for (const auto& run : {+[](const Outer& o) {
                            return o(ones({1, 7}));
                          },
                          +[](const Outer& o) {
                            return o.net(ones({1, 7}));
                          },
                          +[](const Outer& o) {
                            return o.net.body(ones({1, 7}));
                          }}) {
    CHECK(error_of<ShapeError>([&] { return run(outer); }).ends_with("(in net.body.0)"));
  }
  const ErrorContext step("step 3");
  CHECK(error_of<ShapeError>([&] {
          return outer(ones({1, 7}));
        }).ends_with("(in step 3.net.body.0)"));
}

TEST_CASE("a module is not a part of itself") {
  struct Knot : nn::Module {
    nn::Sequential body = child("body", nn::Sequential(nn::ReLU()));
    void tie() { child("self", *this); }
  };
  Knot knot;
  CHECK(error_of<ValueError>([&] {
          knot.tie();
          return 0;
        }) == "module: \"self\" cannot be a part of itself");
}

TEST_CASE("groups of submodules go by the names from the root, and frozen ones wait") {
  Net net;
  for (const Tensor& w : net.body.parameters()) w.set_requires_grad(false);
  CHECK(error_of<GradError>([&] { return optim::SGD(net.body).steps(); }).find("body.0.weight") !=
        std::string::npos);
  optim::SGD optimizer(net.head, {.learning_rate = 1});
  optimizer.add_group(net.body);
  optimizer.add_group({{"scale", net.scale}});
  CHECK(names(optimizer.state()) ==
        Strings{"steps", "group.0.learning_rate", "group.0.last_rate", "group.1.learning_rate",
                "group.1.last_rate", "group.2.learning_rate", "group.2.last_rate",
                "head.weight.updates", "head.bias.updates", "body.0.weight.updates",
                "body.0.bias.updates", "scale.updates"});
  const auto step = [&] {
    optimizer.zero_grad();
    sum(net(ones({4, 2}))).backward();
    optimizer.step();
  };
  const Doubles before = values(net.body.parameters()[0]);
  step();
  CHECK(values(net.body.parameters()[0]) == before);
  for (const Tensor& w : net.body.parameters()) w.set_requires_grad(true);
  step();
  CHECK(values(net.body.parameters()[0]) != before);
  CHECK(error_of<ValueError>([] { return optim::SGD(nn::Sequential(nn::ReLU())).steps(); }) ==
        "optimizer: parameters are needed; got none");
}
