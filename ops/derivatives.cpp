#include <algorithm>
#include <optional>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::detail {
namespace {

/// Turns recording on or off for a function's own level while it lives: the sweep may be one of
/// many within vmap, by cotangents that are mapped.
class RecordingAt {
 public:
  RecordingAt(int level, bool on) : level_(level), before_(levels.records(level)) {
    levels.set(level, on);
  }
  ~RecordingAt() { levels.set(level_, before_); }
  RecordingAt(const RecordingAt&) = delete;
  RecordingAt& operator=(const RecordingAt&) = delete;

 private:
  int level_;
  bool before_;
};

/// A place of its own on the tape, where a derivative stops.
struct Variable {
  static constexpr OpInfo info{"variable", true};

  Tensor run(const Tensor& x) const { return off_tape(x); }
  void vjp(Tensor g, const Send& send) const { send(0, std::move(g)); }
  Tensor batch(const Examples& x) const { return apply(Variable(), x[0]); }
};

/// An input as a function sees it: on a tape of its own, which goes on in the outer one where there
/// is one. Within vmap it is of that level: what is outside differentiates by something else.
Tensor variable(const char* name, const Tensor& given, int level) {
  require_defined(name, "the inputs", given);
  Tensor adapted;
  const Tensor& input = beside(name, given, default_dtype(), adapted);
  if (!is_floating(input.dtype())) {
    throw DtypeError(std::string(name) + ": the inputs must be floating; got " + input.describe());
  }
  const Tensor x = raised(input, level);
  if (!x.requires_grad()) return off_tape(x).set_requires_grad(true);
  Tensor y = off_tape(x);
  const Tensor* const inputs[] = {&x};
  return attach(y, inputs, new OperationNode<Variable>(Variable(), y, 1));
}

/// `given`, checked; a number adapts.
const Tensor& checked_like(const char* name, const char* part, const char* rule,
                           const Tensor& value, const Tensor& like, Tensor& adapted) {
  require_defined(name, part, value);
  const Tensor& given = beside(name, value, like.dtype(), adapted);
  const auto text = [&] {
    return std::string(name) + ": " + part + " must " + rule + "; got " + given.describe() +
           " for " + like.describe();
  };
  if (given.shape() != like.shape()) throw ShapeError(text());
  if (given.dtype() != like.dtype()) throw DtypeError(text());
  return given;
}

}  // namespace

struct Linearized::State {
  State(const char* function_name, const ListFunction& function, const std::vector<Tensor>& inputs)
      : name(function_name), level(current_level()), outer(recording()) {
    if (inputs.empty())
      throw ValueError(std::string(name) + ": at least one input is needed; got none");
    const RecordingScope on(true);
    for (const Tensor& input : inputs) x.push_back(variable(name, input, level));
    y = [&] {
      const RuleScope none(nullptr);  // the function is a user's, though a rule may call it
      return function(x);
    }();
    require_defined(name, "the result of the function", y);
    if (!is_floating(y.dtype()) && !y.body().number) {
      throw DtypeError(std::string(name) + ": the result of the function must be floating; got " +
                       y.describe());
    }
    if (y.node() != nullptr && level_of(y) == level)
      tape.emplace(std::span(&y, 1), x[0].node()->number());
    outer = outer && tape && (!tape->older().empty() || !captured().empty());
    value = outer || !tape ? y : off_tape(y);
  }

  /// What the function depends on beside its inputs.
  std::vector<Node*> captured() const {
    const auto is_input = [&](const Node* node) {
      return std::any_of(x.begin(), x.end(), [&](const Tensor& t) { return t.node() == node; });
    };
    std::vector<Node*> result;
    for (const auto& [node, consumer] : tape->older()) {
      if (!is_input(consumer)) result.push_back(node);
    }
    for (Node* leaf : tape->leaves()) {
      if (!is_input(leaf)) result.push_back(leaf);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }
  std::vector<Node*> nodes() const {
    std::vector<Node*> result;
    for (const Tensor& input : x) result.push_back(input.node());
    return result;
  }

  const char* name;
  int level;
  bool outer;  // whether results depend on what somebody else may differentiate by
  std::vector<Tensor> x;
  Tensor y, value;
  std::optional<Tape> tape;  // none if nothing was recorded
};

Linearized::Linearized(const char* name, const ListFunction& function, const std::vector<Tensor>& x)
    : state_(std::make_shared<State>(name, function, x)) {}

const Tensor& Linearized::value() const { return state_->value; }

std::vector<Tensor> Linearized::pull(const Tensor& given) const {
  State& at = *state_;
  Tensor adapted;
  const Tensor& seed =
      checked_like(at.name, "the seed", "be like the result", given, at.y, adapted);
  std::vector<Tensor> gradients(at.x.size());
  if (at.tape) {
    const bool recorded = levels.records(at.level) && (at.outer || watched(seed));
    const RecordingAt scope(at.level, recorded);
    const auto found = at.tape->sweep({&at.y, 1}, {&seed, 1}, at.nodes(),
                                      {.retain_graph = true, .create_graph = recorded});
    std::copy(found.begin(), found.end(), gradients.begin());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) gradients[i] = zeros(at.x[i].shape(), at.x[i].dtype());
  }
  return gradients;
}

std::vector<Tensor> Linearized::pull() const {
  const Tensor& y = state_->y;
  if (y.size() != 1) {
    throw ShapeError(std::string(state_->name) + ": the function must give a scalar; got " +
                     y.describe());
  }
  return pull(ones(y.shape(), y.dtype()));
}

Tensor Linearized::push(const std::vector<Tensor>& given) const {
  State& at = *state_;
  if (given.size() != at.x.size()) {
    throw ValueError(std::string(at.name) + ": one tangent is needed for each input; got " +
                     std::to_string(given.size()) + " for " + std::to_string(at.x.size()));
  }
  bool recorded = at.outer;
  std::vector<Tensor> tangents;
  for (std::size_t i = 0; i < given.size(); ++i) {
    Tensor adapted;
    tangents.push_back(checked_like(at.name, "v", "be like x", given[i], at.x[i], adapted));
    recorded = recorded || watched(tangents[i]);
  }
  const bool create_graph = levels.records(at.level) && recorded;
  const RecordingAt scope(at.level, create_graph);
  const RecordingScope here(create_graph);
  Tensor tangent;
  if (at.tape) tangent = at.tape->push(at.nodes(), tangents, at.y.node());
  return tangent.defined() ? tangent : zeros(at.y.shape(), at.y.dtype());
}

std::vector<Node*> Linearized::captured() const {
  std::vector<Node*> result;
  if (!state_->tape) return result;
  for (Node* node : state_->captured()) {  // not what the function made itself
    if (node->number() < state_->x[0].node()->number()) result.push_back(node);
  }
  return result;
}

std::vector<Tensor> Linearized::pull_all(const Tensor& seed,
                                         std::span<const Ref<Node>> captured) const {
  State& at = *state_;
  std::vector<Node*> wanted = at.nodes();
  std::uint64_t since = at.x[0].node()->number();
  for (const Ref<Node>& node : captured) {
    if (!node->is_leaf()) since = std::min(since, node->number());
    wanted.push_back(node.get());
  }
  if (!at.tape) return std::vector<Tensor>(wanted.size());
  const bool recorded = recording();
  Tape whole(std::span(&at.y, 1), since, true);
  const auto found = whole.sweep({&at.y, 1}, {&seed, 1}, wanted,
                                 {.retain_graph = true, .create_graph = recorded, .partial = true});
  return {found.begin(), found.end()};
}

void Linearized::refuse_captured() const {
  if (captured().empty()) return;
  const State& at = *state_;
  throw GradError(std::string(at.name) +
                  ": what is differentiated must be an input of the function; it captures a tensor "
                  "that requires a gradient");
}

namespace {

/// f of the rows of the identity [size, size], some together: [size, results].
template <class F>
Tensor of_unit_vectors(std::int64_t size, Dtype dtype, std::int64_t results, F&& f) {
  constexpr std::int64_t most = std::int64_t{1} << 18;  // elements in flight, about
  const std::int64_t together = std::clamp<std::int64_t>(most / std::max(size, results), 1, size);
  std::vector<Tensor> parts;
  for (std::int64_t first = 0; first < size; first += together) {
    const std::int64_t count = std::min(together, size - first);
    parts.push_back(f(one_hot(arange(first, first + count), size, dtype)));
  }
  return parts.size() == 1 ? parts[0] : concatenate(parts, 0);
}

/// f, a vector, of each row: all at once if every operation can.
template <class F>
Tensor of_rows(const Tensor& rows, F&& f) {
  if (rows.extent(0) > 1) {
    try {
      const Mapping mapping("jacobian", rows);
      return mapping.out(f(mapping.in(rows)));
    } catch (const ValueError&) {  // no rule for vmap, or one that reads values
    } catch (const RankError&) {   // no axis left for the rows
    }
  }
  std::vector<Tensor> results;
  for (std::int64_t i = 0; i < rows.extent(0); ++i) results.push_back(f(slice(rows, {i})));
  return stack(results);
}

}  // namespace

Tensor jacobian(const char* name, const ListFunction& function, const Tensor& x) {
  const Linearized at(name, function, {x});
  const Tensor& y = at.value();
  if (y.rank() + x.rank() > max_rank) {
    throw ShapeError(std::string(name) + ": the result and x may have " + std::to_string(max_rank) +
                     " axes together; got " + y.describe() + " for " + x.describe());
  }
  Shape shape = y.shape();
  for (const std::int64_t extent : x.shape()) shape.push_back(extent);
  const std::int64_t m = y.size(), n = x.size();
  if (m == 0 || n == 0) return zeros(shape, x.dtype());
  if (n < m) {
    const Tensor columns = of_unit_vectors(n, x.dtype(), m, [&](const Tensor& v) {
      return of_rows(v,
                     [&](const Tensor& one) { return ravel(at.push({reshape(one, x.shape())})); });
    });
    return reshape(transpose(columns), shape);
  }
  const Tensor rows = of_unit_vectors(m, y.dtype(), n, [&](const Tensor& seeds) {
    return of_rows(seeds,
                   [&](const Tensor& one) { return ravel(at.pull(reshape(one, y.shape()))[0]); });
  });
  return reshape(rows, shape);
}

Tensor hessian_diagonal(const ListFunction& gradient, const Tensor& x,
                        const HessianEstimate& options, Rng& rng) {
  require_at_least<std::int64_t>("hessian_diagonal", "samples", options.samples, 1);
  const Linearized at("hessian_diagonal", gradient, {x});
  const Tensor v = (rng.integers(0, 2, {options.samples, x.size()}) * 2 - 1).to(x.dtype());
  const Tensor products = of_rows(
      v, [&](const Tensor& one) { return one * ravel(at.push({reshape(one, x.shape())})); });
  return reshape(mean(products, 0), x.shape());
}

Tensor total(const Tensor& x) { return sum(x); }

Tensor along(const char* name, const std::vector<Tensor>& g, const std::vector<Tensor>& v) {
  if (v.size() != g.size()) {
    throw ValueError(std::string(name) + ": one v is needed for each input; got " +
                     std::to_string(v.size()) + " for " + std::to_string(g.size()));
  }
  Tensor result = zeros({}, g.empty() ? default_dtype() : g[0].dtype());
  for (std::size_t i = 0; i < g.size(); ++i) {
    Tensor adapted;
    result =
        result + sum(g[i] * checked_like(name, "v", "be like x", v[i], g[i], adapted).detach());
  }
  return result;
}

}  // namespace xtape::detail
