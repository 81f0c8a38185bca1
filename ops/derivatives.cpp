#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::detail {
namespace {

/// A place of its own on the tape, where a derivative stops.
struct Variable {
  static constexpr OpInfo info{"variable", true};

  Tensor run(const Tensor& x) const { return x.detach(); }
  void vjp(Tensor g, const Send& send) const { send(0, std::move(g)); }
};

/// The inputs as a function sees them: on a tape of their own, which goes on in the outer one where
/// there is one.
std::vector<Tensor> variables(const char* name, const std::vector<Tensor>& x) {
  std::vector<Tensor> result;
  for (const Tensor& given : x) {
    Tensor adapted;
    const Tensor& input = beside(name, given, default_dtype(), adapted);
    if (!is_floating(input.dtype())) {
      throw DtypeError(std::string(name) + ": the inputs must be floating; got " +
                       input.describe());
    }
    result.push_back(input.requires_grad() ? apply(Variable(), input)
                                           : input.detach().set_requires_grad(true));
  }
  return result;
}

/// `given`, checked; a number adapts.
const Tensor& checked_like(const char* name, const char* what, const Tensor& value,
                           const Tensor& like, Tensor& adapted) {
  const Tensor& given = beside(name, value, like.dtype(), adapted);
  const auto text = [&] {
    return std::string(name) + ": " + what + "; got " + given.describe() + " for " +
           like.describe();
  };
  if (given.shape() != like.shape()) throw ShapeError(text());
  if (given.dtype() != like.dtype()) throw DtypeError(text());
  return given;
}

}  // namespace

struct Pullback::State {
  State(const char* function_name, const ListFunction& function, const std::vector<Tensor>& inputs)
      : name(function_name), outer(recording()) {
    const RecordingScope on(true);
    x = variables(name, inputs);
    y = function(x);
    if (!is_floating(y.dtype()) && !y.body().number) {
      throw DtypeError(std::string(name) + ": the result of the function must be floating; got " +
                       y.describe());
    }
    if (y.node() == nullptr) {
      outer = false;
      return;
    }
    tape = std::make_unique<Tape>(y);
    const auto own = [&](const Node* leaf) {
      return std::any_of(x.begin(), x.end(), [&](const Tensor& t) { return t.node() == leaf; });
    };
    const auto leaves = tape->leaves();
    outer = outer && !std::all_of(leaves.begin(), leaves.end(), own);
    value = outer ? y : y.detach();
  }

  const char* name;
  bool outer;  // whether results depend on what somebody else may differentiate by
  std::vector<Tensor> x;
  Tensor y, value;
  std::unique_ptr<Tape> tape;  // null if nothing was recorded
};

Pullback::Pullback(const char* name, const ListFunction& function, const std::vector<Tensor>& x)
    : state_(std::make_shared<State>(name, function, x)) {}

const Tensor& Pullback::value() const {
  return state_->tape == nullptr ? state_->y : state_->value;
}

std::vector<Tensor> Pullback::operator()(const Tensor& given) const {
  State& at = *state_;
  Tensor adapted;
  const Tensor& seed =
      checked_like(at.name, "the seed must be like the result", given, at.y, adapted);
  std::vector<Tensor> gradients(at.x.size());
  if (at.tape != nullptr) {
    std::vector<Node*> wanted;
    for (const Tensor& x : at.x) wanted.push_back(x.node());
    const auto found =
        at.tape->sweep({&at.y, 1}, {&seed, 1}, wanted,
                       {.retain_graph = true, .create_graph = at.outer && recording()});
    std::copy(found.begin(), found.end(), gradients.begin());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) gradients[i] = zeros_like(at.x[i].detach());
  }
  return gradients;
}

std::vector<Tensor> Pullback::of_scalar() const {
  const Tensor& y = state_->y;
  if (y.size() != 1) {
    throw ShapeError(std::string(state_->name) + ": the function must give a scalar; got " +
                     y.describe());
  }
  return (*this)(ones(y.shape(), y.dtype()));
}

Tensor jacobian(const ListFunction& function, const Tensor& x) {
  const Pullback at("jacobian", function, {x});
  const Tensor& y = at.value();
  Shape shape = y.shape();
  for (const std::int64_t extent : x.shape()) shape.push_back(extent);
  if (y.size() == 0 || x.size() == 0) return zeros(shape, x.dtype());
  const Tensor one = ones({1}, y.dtype());
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const Tensor seed = embed(one, {y.size()}, {range(i, i + 1)});
    rows.push_back(at(reshape(seed, y.shape()))[0]);
  }
  return reshape(stack(rows), shape);
}

Tensor hvp(const ListFunction& gradient, const Tensor& x, const Tensor& v) {
  Tensor place, direction;
  const Tensor& at = beside("hvp", x, default_dtype(), place);
  const Tensor& along = checked_like("hvp", "v must be like x", v, at, direction);
  return Pullback("hvp", gradient, {at})(along)[0];
}

}  // namespace xtape::detail
