#include <cstring>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/write_log.hpp>
#include <xtape/ops/checkpoint.hpp>

namespace xtape::detail {
namespace {

/// A function's inputs, of which the floating ones may be differentiated by.
struct Call {
  ListFunction function;
  std::vector<Tensor> inputs;  // those that are not floating; undefined where a floating one goes

  Tensor operator()(const std::vector<Tensor>& floating) const {
    std::vector<Tensor> all = inputs;
    auto next = floating.begin();
    for (Tensor& input : all) {
      if (!input.defined()) input = *next++;
    }
    return function(all);
  }
};

/// What the function found when it ran: the tensors it assigned to as they were, and the default
/// generator.
struct Surroundings {
  std::vector<WriteLog::Write> before;
  Rng rng;
};

/// While it lives, all is as the function found it the first time.
class Again {
 public:
  explicit Again(const Surroundings& then) : Again(then.rng) {
    if (!then.before.empty()) refuse_to_repeat("a checkpoint of what assigns or draws");
    if (!(then.rng == rng_)) refuse_to_repeat("a checkpoint of what draws");
    for (const auto& [leaf, before] : then.before) {
      WriteLog::note(leaf);
      replace_value(leaf, before);
    }
  }
  ~Again() {
    log_.undo();
    default_rng() = rng_;
  }
  Again(const Again&) = delete;
  Again& operator=(const Again&) = delete;

 private:
  /// From here on the destructor runs, whatever the rest throws.
  explicit Again(const Rng& rng) : rng_(std::exchange(default_rng(), rng)) {}

  WriteLog log_;
  Rng rng_;
};

/// Of tensors with values: those within vmap have none to compare.
bool same_value(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  if (a.body().mapped || b.body().mapped) return true;
  const NoGradGuard off;
  const Tensor left = off_tape(a).contiguous(), right = off_tape(b).contiguous();
  return std::memcmp(left.body().data, right.body().data,
                     static_cast<std::size_t>(a.size()) * size_of(a.dtype())) == 0;
}

/// Something with a captured node's place on the tape.
Tensor stand_in(Node& node) {
  Tensor x = raised(zeros({}, node.dtype()), current_level());
  x.body().node = Ref<Node>::share(&node);
  return x;
}

/// The operation as its rule sees it, once the value is there.
struct Recomputed {
  static constexpr OpInfo info{"checkpoint"};
  Call call;
  Surroundings then;
  std::vector<SavedInput> inputs;
  std::vector<Ref<Node>> captured;
  SavedOutput y;
  int level;

  void vjp(const Tensor& g, const Send& send) const {
    if (current_level() != level) throw_no_batch("checkpoint");  // captured nodes are of its level
    std::vector<Tensor> x;
    for (const SavedInput& input : inputs) x.push_back(input.get());
    const Linearized at = [&] {
      const Again again(then);
      return Linearized("checkpoint", call, x);
    }();
    if (!same_value(at.value(), y.get(send))) {
      throw GradError(
          "checkpoint: the function must give the same value when it is computed again; it gave "
          "another: does it draw from a generator of its own, or was a parameter assigned since?");
    }
    const std::vector<Tensor> gradients = at.pull_all(g, captured);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined()) send(i, gradients[i]);
    }
  }
};

/// Who differentiates further out than the mapped function that this stands in goes through the
/// checkpoint of all examples: what that gives, or nothing if there is nobody.
Tensor checkpoint_of_all(const ListFunction& function, const std::vector<Tensor>& inputs) {
  const int level = current_level();
  std::vector<const Tensor*> pointers;
  bool mapped = false;
  for (const Tensor& input : inputs) {
    pointers.push_back(&input);
    mapped = mapped || level_of(input) == level;
  }
  if (level == 0 || !mapped) return {};
  const MappedInputs in("checkpoint", pointers);
  const Outside outside(level);
  if (in.same() || !recording()) return {};
  std::vector<Tensor> wholes;
  std::vector<bool> differ;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    wholes.push_back(in.examples()[i]);
    differ.push_back(in.examples().differ(i));
  }
  const auto of_all = [function, differ, count = in.examples().count(),
                       run = in.run()](const std::vector<Tensor>& all) {
    const Mapping mapping("checkpoint", count, run);
    std::vector<Tensor> x = all;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (differ[i]) x[i] = mapping.in(all[i]);
    }
    return mapping.out(function(x));
  };
  return in.wrap(checkpoint(of_all, wholes));
}

/// y with its place on the tape, if anybody wants a gradient there.
Tensor recorded_here(Recomputed op, Tensor y, std::span<const Tensor* const> sources) {
  const Course at = course("checkpoint", sources);
  if (at.map()) {
    const MappedInputs in("checkpoint", sources);
    if (!in.recorded()) return y;
    return recorded(std::move(op), in.raised(y), in.pointers());
  }
  return at.record() ? recorded(std::move(op), std::move(y), sources) : y;
}

}  // namespace

Tensor checkpoint(const ListFunction& function, const std::vector<Tensor>& inputs) {
  if (!recording()) return function(inputs);
  Call call{function, {}};
  std::vector<Tensor> floating;
  for (const Tensor& input : inputs) {
    require_defined("checkpoint", "the inputs", input);
    call.inputs.push_back(is_floating(input.dtype()) ? Tensor() : input);
    if (is_floating(input.dtype())) floating.push_back(input);
  }
  if (floating.empty()) floating.push_back(zeros({}));  // what it captures may be differentiated by
  Surroundings then{{}, default_rng()};
  std::vector<Tensor> sources = floating;
  std::vector<Ref<Node>> captured;
  Tensor y = [&] {
    const WriteLog log;
    const Linearized at("checkpoint", call, floating);
    then.before = log.writes();
    for (Node* node : at.captured()) {
      sources.push_back(stand_in(*node));
      captured.push_back(Ref<Node>::share(node));
    }
    return off_tape(at.value());
  }();
  const Tensor of_all = [&] {
    const Again again(then);
    return checkpoint_of_all(function, inputs);
  }();
  if (of_all.defined()) y = of_all;
  std::vector<const Tensor*> pointers;
  pointers.reserve(sources.size());
  for (const Tensor& source : sources) pointers.push_back(&source);
  Recomputed op{std::move(call),     std::move(then), {},
                std::move(captured), SavedOutput(y),  current_level()};
  for (const Tensor& input : floating) op.inputs.emplace_back(input);
  return recorded_here(std::move(op), std::move(y), pointers);
}

}  // namespace xtape::detail
