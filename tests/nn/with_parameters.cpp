// with_parameters: a model as a function of its parameters.
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

struct Scaled : nn::Module {
  nn::Sequential body =
      child("body", nn::Sequential(nn::Dense(2, 3, {.weight_l2 = 0.1}), nn::Tanh()));
  nn::AnyModule last = child("last", nn::AnyModule(nn::Dense(3, 2)));
  nn::Parameter scale = parameter("scale", full({1}, 1.5));
  nn::Buffer calls = buffer("calls", zeros({}));
  Tensor operator()(const Tensor& x) const {
    calls.assign(calls + 1);
    return last(body(x)) * scale;
  }
};

/// One layer under two names.
struct Tied : nn::Module {
  nn::Dense encode = child("encode", nn::Dense(2, 2));
  nn::Dense again = child("again", encode);
  Tensor operator()(const Tensor& x) const { return tanh(again(sin(encode(x)))); }
};

template <class M>
M in_float64(M model) {
  model.to(Dtype::float64);
  return model;
}

Tensor loss(const Tensor& y) { return mean(square(y)); }

/// The gradients of a model's own parameters, by backward.
template <class M>
Tensors gradients(const M& model, const Tensor& x) {
  model.zero_grad();
  (loss(model(x)) + model.regularization_loss()).backward();
  Tensors result;
  for (const Tensor& parameter : model.parameters()) result.push_back(parameter.grad());
  model.zero_grad();
  return result;
}

template <class M>
auto loss_of(const M& model, const Tensor& x) {
  return [&model, x](const Tensors& p) {
    const M other = nn::with_parameters(model, p);
    return loss(other(x)) + other.regularization_loss();
  };
}

Tensors moved(const Tensors& from, const Tensors& by, double step) {
  Tensors result;
  for (std::size_t i = 0; i < from.size(); ++i) result.push_back(from[i].detach() + step * by[i]);
  return result;
}

double sum_of_products(const Tensors& a, const Tensors& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += sum(a[i].detach() * b[i].detach()).item();
  return total;
}

}  // namespace

TEST_CASE_TEMPLATE("with_parameters: gradients are those of backward, at any point", M, Scaled,
                   Tied) {
  const M model = in_float64(M()), elsewhere = in_float64(M());
  const Tensor x = drawn({5, 2}, -1, 1);
  for (const M* at : {&model, &elsewhere}) {
    const Tensors expected = gradients(*at, x);
    const Tensors found = grad(loss_of(model, x))(at->parameters());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(mismatch(found[i], expected[i], 1e-14) == "");
  }
  for (const Tensor& parameter : model.parameters()) CHECK(!parameter.grad().defined());
}

TEST_CASE("with_parameters: a Hessian of a model, by differences of its gradients") {
  const Scaled model = in_float64(Scaled());
  const Tensor x = drawn({5, 2}, -1, 1);
  Tensors v;
  for (const Tensor& p : model.parameters()) v.push_back(drawn(p.shape(), -1, 1, v.size() + 1));
  const auto gradient = grad(loss_of(model, x));
  const Tensors hv = grad([&](const Tensors& p) {
    const Tensors g = gradient(p);
    Tensor total = sum(g[0] * v[0]);
    for (std::size_t i = 1; i < g.size(); ++i) total += sum(g[i] * v[i]);
    return total;
  })(model.parameters());
  const Tensors product = hvp(loss_of(model, x), model.parameters(), v);
  for (std::size_t i = 0; i < v.size(); ++i) CHECK(mismatch(product[i], hv[i], 1e-13) == "");
  const double step = 1e-5;
  const Tensors ahead = gradient(moved(model.parameters(), v, step));
  const Tensors behind = gradient(moved(model.parameters(), v, -step));
  for (std::size_t i = 0; i < v.size(); ++i) {
    CHECK(mismatch(hv[i], (ahead[i] - behind[i]) / (2 * step), 1e-6) == "");
  }
  CHECK(sum_of_products(hv, v) != 0);
}

TEST_CASE("with_parameters: gradients of each example, whose mean is that of all") {
  const Scaled model = in_float64(Scaled());
  const Tensor xs = drawn({4, 2}, -1, 1);
  const nn::Dense layer = in_float64(nn::Dense(2, 3));
  const auto of_one = [&](const Tensor& x) {
    return grad([&](const Tensors& p) { return loss(nn::with_parameters(layer, p)(x)); })(
        layer.parameters());
  };
  const Tensors each = vmap(of_one)(xs);
  const Tensors whole = gradients(layer, xs);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(mismatch(mean(each[i], 0), whole[i], 1e-14) == "");
    for (std::int64_t n = 0; n < 4; ++n)
      CHECK(mismatch(slice(each[i], {n}), gradients(layer, slice(xs, {n}))[i], 1e-14) == "");
  }
}

TEST_CASE("with_parameters: through a step of training, to what the step began with") {
  const nn::Dense model = in_float64(nn::Dense(2, 2));
  const Tensor x = drawn({5, 2}, -1, 1), later = drawn({5, 2}, -1, 1, 1);
  const auto after_step = [&](const Tensors& p) {
    Tensors next = grad(loss_of(model, x))(p);
    for (std::size_t i = 0; i < p.size(); ++i) next[i] = p[i] - 0.1 * next[i];
    return loss_of(model, later)(next);
  };
  const GradcheckResult result = gradcheck(after_step, model.parameters());
  INFO(result);
  CHECK(result.passed);
}

TEST_CASE("with_parameters: the model itself stays as it is, its buffers are shared") {
  const Scaled model = in_float64(Scaled());
  Tensors doubled;
  for (const Tensor& p : model.parameters()) doubled.push_back(2 * p.detach());
  const NamedTensors before = model.state();
  const Scaled other = nn::with_parameters(model, doubled);
  static_cast<void>(other(ones({1, 2}, Dtype::float64)));
  CHECK(model.calls.item() == 1);
  CHECK(other.training() == model.training());
  const NamedTensors after = model.state();
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].first != "calls") CHECK(mismatch(after[i].second, before[i].second) == "");
  }
  const NamedTensors names = model.named_parameters(), its = other.named_parameters();
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(its[i].first == names[i].first);
    CHECK(mismatch(its[i].second, doubled[i]) == "");
    CHECK(names[i].second.requires_grad());
  }
}

TEST_CASE("with_parameters: what does not fit is an error that names the parameter") {
  const nn::Dense model(2, 3);
  const Tensor weight = ones({2, 3}), bias = ones({3});
  CHECK(error_of<ValueError>([&] { return nn::with_parameters(model, {weight}); }) ==
        "with_parameters: the module has 2 parameters; got 1 tensors");
  CHECK(error_of<ShapeError>([&] {
          return nn::with_parameters(model, {weight, weight});
        }) == "with_parameters: \"bias\" is float32[3]; got float32[2, 3]");
  CHECK(error_of<DtypeError>([&] {
          return nn::with_parameters(model, {weight, ones({3}, Dtype::float64)});
        }) == "with_parameters: \"bias\" is float32[3]; got float64[3]");
  CHECK(error_of<ValueError>([&] {
          return nn::with_parameters(model, {weight, Tensor()});
        }) == "with_parameters: \"bias\" must be defined; got an undefined tensor");
  const nn::Dense other = nn::with_parameters(model, {weight * 1, bias * 1});
  const auto refused = [](const std::string& name) {
    return name +
           ": the parameters must be the module's own, and \"weight\" was put there by "
           "with_parameters; use the original module";
  };
  CHECK(error_of<ValueError>([&] {
          return nn::with_parameters(other, {weight, bias});
        }) == refused("with_parameters"));
  CHECK(error_of<ValueError>([&] { return nn::clone(other); }) == refused("clone"));
  CHECK(error_of<ValueError>([&] { other.to(Dtype::float64); }) == refused("to"));
  CHECK(error_of<ValueError>([&] {
          return other.restore(model.state());
        }).ends_with(refused("restore")));
  CHECK(mismatch(other.weight, weight) == "");
}

TEST_CASE("with_parameters: hooks see it, and parts that are not registered stay the same") {
  struct Holder : nn::Module {
    nn::Dense shared, own = child("own", nn::Dense(2, 2));
    explicit Holder(const nn::Dense& part) : shared(part) {}
    Tensor operator()(const Tensor& x) const { return own(shared(x)); }
  };
  const nn::Dense part(2, 2);
  const Holder model(part);
  int calls = 0;
  const nn::ModuleHook hook = model.own.hook({.after_forward = [&](const Tensor&) { ++calls; }});
  sum(square(nn::with_parameters(model, model.parameters())(ones({1, 2})))).backward();
  CHECK(calls == 1);
  CHECK(part.weight.grad().defined());
  CHECK(model.own.weight.grad().defined());
}
