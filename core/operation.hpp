#pragma once
#include <array>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/operation_copy.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/core/watch.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What is known of an operation, beside how to compute it.
struct OpInfo {
  const char* name;        ///< a literal
  bool linear = false;     ///< in all its inputs together: its derivative is itself
  bool surrogate = false;  ///< its rule is not its derivative, on purpose
};

/// What an operation makes of its inputs.
struct OpResult {
  Shape shape;
  Dtype dtype;
};

namespace detail {

template <class Op>
concept Differentiable = requires(Op& op, Tensor g, const Send& send) {
  op.vjp(std::move(g), send);
};

template <class Op>
concept Batched = requires(const Op& op, const Examples& x) {
  op.batch(x);
};

/// A rule that takes other arguments would be left out without a word.
template <class Op>
constexpr void check_signatures() {
  static_assert(
      Differentiable<Op> || !requires { &Op::vjp; },
      "vjp must take (const Tensor& g, const Send& send)");
  static_assert(
      requires(Op & op, const Tangents& t) { op.jvp(t); } || !requires { &Op::jvp; },
      "jvp must take (const Tangents& t)");
  static_assert(
      Batched<Op> || !requires { &Op::batch; }, "batch must be const and take (const Examples& x)");
}

/// Another handle's worth of the same value, off the tape: of a tensor within vmap, off that of its
/// own level only.
Tensor off_tape(const Tensor& tensor, const char* operation = __builtin_FUNCTION());

/// The tangent of the result: by the operation's own rule; for a linear one of one input by itself;
/// or by its backward rule.
template <class Op>
Tensor push(Op& op, const Tangents& t) {
  if constexpr (requires { op.jvp(t); }) {
    return op.jvp(t);
  } else if constexpr (
      requires { op.run(t[0]); } || requires { op.run(t[0], t[0]); }) {
    if (op.info.linear && t.size() == 1) return apply(Op(op), t[0]);
  }
  return t.by_transposing();
}

/// An operation on the tape: a value that knows its rule, with what it keeps for that.
template <class Op>
class OperationNode final : public Node {
 public:
  OperationNode(Op&& op, const Tensor& y, std::size_t inputs)
      : Node(op.info.name, y.shape(), y.dtype(), inputs, false), op_(std::move(op)) {}
  std::size_t saved_bytes() const override { return released() ? 0 : SavedValue::bytes_in(op_); }
  std::string attributes() const override {
    return released() ? std::string() : attributes_of(op_);
  }

 private:
  ~OperationNode() override { OperationNode::drop_rule(); }
  void run(Tensor g, const Send& send) override { op_.vjp(std::move(g), send); }
  Tensor push(const Tangents& tangents) override { return detail::push(op_, tangents); }
  void drop_rule() noexcept override {
    if (std::exchange(has_rule_, false)) op_.~Op();
  }

  union {
    Op op_;
  };
};

/// Makes `node`, new, the maker of `y`.
Tensor attach(Tensor y, std::span<const Tensor* const> inputs, Node* node);

/// An uninitialised dense tensor. `operation` is named if memory is out: the calling function,
/// unless it has another name than the operation.
Tensor make_tensor(const Shape& shape, Dtype dtype, const char* operation = __builtin_FUNCTION());

/// How an operation is carried out. In one register: three flags side by side would be read back
/// from memory as one word before they are all there.
class Course {
 public:
  constexpr Course(bool record, bool map, bool watch)
      : bits_(static_cast<unsigned>(record) | static_cast<unsigned>(map) << 1 |
              static_cast<unsigned>(watch) << 2) {}
  bool record() const { return (bits_ & 1u) != 0; }  ///< somebody differentiates by an input
  bool map() const { return (bits_ & 2u) != 0; }     ///< an input is one example in vmap
  bool watch() const { return (bits_ & 4u) != 0; }   ///< somebody is told of it

 private:
  unsigned bits_;
};
/// Throws ValueError, in the name of the operation, for an input that is undefined.
Course course(const char* op, std::span<const Tensor* const> inputs);

/// Checks, allocates and computes.
template <class Op, class... Inputs>
Tensor compute(const Op& op, const Inputs&... x) {
  if constexpr (requires { op.infer(x...); }) {
    const OpResult result = op.infer(x...);
    Tensor y = make_tensor(result.shape, result.dtype, op.info.name);
    op.run(y, x...);
    return y;
  } else {
    return op.run(x...);
  }
}

/// The same, telling who watches; `Door` is how the operation takes its inputs.
template <class Door, class Op, class... Inputs>
Tensor computed(const Op& op, Course course, std::span<const Tensor* const> inputs,
                const Inputs&... x) {
  if (!course.watch()) [[likely]]
    return compute(op, x...);
  const auto copy = copy_of<Door>(op);
  Tensor y = [&] {
    const Unwatched quiet;
    return compute(op, x...);
  }();
  const bool has_derivative = Differentiable<Op> && course.record() && is_floating(y.dtype());
  Watcher::tell({op.info.name, attributes_of(op), inputs, y, has_derivative && !op.info.surrogate,
                 flops_of(op, y, inputs), false, copy, held_by(op)});
  return y;
}

/// Records what was computed; `keeping` is the operation's inputs as it takes them.
template <class Op, class... Inputs>
Tensor recorded(Op&& op, Tensor y, std::span<const Tensor* const> inputs,
                const Inputs&... keeping) {
  if constexpr (requires { op.keep(y, keeping...); }) {
    op.keep(y, keeping...);
  } else {
    static_assert(
        !requires { &Op::keep; }, "keep must take the result and the inputs of run");
  }
  Node* const node = new OperationNode<Op>(std::forward<Op>(op), y, inputs.size());
  return attach(std::move(y), inputs, node);
}

[[noreturn]] void throw_no_batch(const char* op);
/// Throws ShapeError unless what a batch rule gave has the examples along its first axis.
void check_batch(const char* op, const Tensor& y, std::int64_t count);
template <class Op, std::size_t n>
Tensor apply_mapped(Op op, const std::array<const Tensor*, n>& inputs);
template <class Op>
Tensor apply_list_mapped(Op op, std::span<const Tensor* const> inputs);

/// Throws what is wrong with the inputs of one example: its shapes and dtypes, which a rule for all
/// may not see.
template <class Op, class... Inputs>
void check_one(const Op& op, const Inputs&... x) {
  if constexpr (requires { op.infer(x...); }) static_cast<void>(op.infer(x...));
}

/// The operation on one example of each input, by that on all: `again(op, examples)` applies it to
/// tensors that are the same in each example.
template <class Op, class Again>
Tensor mapped(const Op& op, const MappedInputs& x, Again&& again) {
  const Outside outside(x.level());
  if (x.same()) return again(Op(op), x.examples());
  if constexpr (Batched<Op>) {
    Tensor y = op.batch(x.examples());
    check_batch(op.info.name, y, x.examples().count());
    return y;
  } else {
    throw_no_batch(op.info.name);
  }
}

}  // namespace detail

/// The door that operations pass: y = op(x...), checked, allocated, computed, and recorded if
/// anybody wants a gradient. An operation is a small value with
/// ```
/// OpInfo info;                                     // a constant of the type, or of the value
/// OpResult infer(x...) const;                      // what y will be; throws what is wrong with x
/// void run(const Tensor& y, x...) const;           // fills y
/// void keep(const Tensor& y, x...);                // takes what the rule reads: SavedInput(x), SavedOutput(y)
/// void vjp(Tensor g, const Send& send) const;      // the rule: send(i, dL/dx_i), given g = dL/dy
/// ```
/// Without `infer`, `run(x...)` gives y: a view, say. Without `keep` the rule needs nothing;
/// without `vjp` there is no derivative. An integer or boolean y has none either. What an operation
/// made for itself it keeps as `SavedConstant`. In `run` recording is as it was outside: one that
/// uses operations has a NoGradGuard.
///
/// Rules are written in operations, and so are differentiable to any order; one that reads values
/// past the tape says so by `once_differentiable`. What is kept of a tensor otherwise than by
/// `SavedInput` and `SavedOutput` would follow a later `assign`, or keep its own node alive for
/// ever.
template <class Op, std::same_as<Tensor>... Inputs>
Tensor apply(Op op, const Inputs&... x) {
  detail::check_signatures<Op>();
  const std::array<const Tensor*, sizeof...(x)> inputs{&x...};
  return detail::named_in_errors(op.info.name, [&] {
    const detail::Course course = detail::course(op.info.name, inputs);
    if (course.map()) [[unlikely]]
      return detail::apply_mapped(std::move(op), inputs);
    Tensor y = detail::computed<detail::OneByOne<sizeof...(x)>>(op, course, inputs, x...);
    if constexpr (detail::Differentiable<Op>) {
      if (course.record() && is_floating(y.dtype()))
        return detail::recorded(std::move(op), std::move(y), inputs, x...);
    }
    return y;
  });
}

/// The same for an operation of any number of tensors, which it takes as a span of pointers.
template <class Op>
Tensor apply_list(Op op, std::span<const Tensor* const> x) {
  detail::check_signatures<Op>();
  return detail::named_in_errors(op.info.name, [&] {
    const detail::Course course = detail::course(op.info.name, x);
    if (course.map()) [[unlikely]]
      return detail::apply_list_mapped(std::move(op), x);
    Tensor y = detail::computed<detail::AsList>(op, course, x, x);
    if constexpr (detail::Differentiable<Op>) {
      if (course.record() && is_floating(y.dtype()))
        return detail::recorded(std::move(op), std::move(y), x, x);
    }
    return y;
  });
}

/// The door of what changes its first tensor, and perhaps others, in place: an optimizer's update.
/// `op.run(x)` does; it has no derivative.
template <class Op>
void apply_in_place(const Op& op, std::span<const Tensor* const> x) {
  detail::named_in_errors(op.info.name, [&] { op.run(x); });
  if (detail::course(op.info.name, x).watch()) [[unlikely]] {
    detail::Watcher::tell({op.info.name, detail::attributes_of(op), x, *x[0], false, 0, true,
                           detail::copy_of<detail::InPlace>(op), detail::held_by(op)});
  }
}

template <class Op>
void Send::add_by(const Op& op, std::size_t input, const Tensor& x, const PartPlace& part) const {
  if (!wanted(input)) return;
  const bool mapped = has_mapped_sum(input);
  const Tensor into = mapped ? zero(input) : sum(input, part);
  const std::array<const Tensor*, 2> both{&into, &x};
  apply_in_place(op, both);
  if (mapped) (*this)(input, into);
}

namespace detail {

/// Records the result of a mapped operation on the tape of its level.
template <class Op, class... Inputs>
Tensor mapped_result(Op op, const MappedInputs& in, Tensor whole, const Inputs&... x) {
  Tensor y = in.wrap(std::move(whole));
  if constexpr (Differentiable<Op>) {
    if (in.recorded() && is_floating(y.dtype()))
      return recorded(std::move(op), std::move(y), in.pointers(), x...);
  }
  return y;
}

template <class Op, std::size_t n>
Tensor apply_mapped(Op op, const std::array<const Tensor*, n>& inputs) {
  const MappedInputs in(op.info.name, inputs);
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    check_one(op, in[i]...);
    Tensor whole = mapped(
        op, in, [](Op again, const Examples& x) { return apply(std::move(again), x[i]...); });
    return mapped_result(std::move(op), in, std::move(whole), in[i]...);
  }
  (std::make_index_sequence<n>());
}

template <class Op>
Tensor apply_list_mapped(Op op, std::span<const Tensor* const> inputs) {
  const MappedInputs in(op.info.name, inputs);
  check_one(op, in.pointers());
  Tensor whole = mapped(op, in, [](Op again, const Examples& x) {
    return apply_list(std::move(again), x.pointers());
  });
  return mapped_result(std::move(op), in, std::move(whole), in.pointers());
}

}  // namespace detail

/// One argument of `record`.
struct Input {
  Input(const Tensor& argument) : tensor(&argument) {}
  const Tensor* tensor;
};

/// An operation whose value is there already, for a rule of one's own: `y` with its place on the
/// tape, or plain `y` if nobody wants a gradient.
///
/// `name` must outlive the node (a literal). `y` is new, or one of the inputs; an integer or
/// boolean `y` has no derivative and stays plain. `rule(g, send)` is the `vjp` of an operation, see
/// `apply`; it captures what it reads of the inputs as `SavedInput(x)`, of the result as
/// `SavedOutput(y)`.
template <class Rule>
Tensor record(const char* name, Tensor y, std::span<const Tensor* const> inputs, Rule rule) {
  struct Custom {
    OpInfo info;
    Rule rule;
    void vjp(Tensor g, const Send& send) { rule(std::move(g), send); }
  };
  const detail::Course course = detail::course(name, inputs);
  if (course.watch()) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& watcher) { watcher.meets(name, y); });
  if (!(course.record() || course.map()) || !is_floating(y.dtype())) return y;
  return detail::named_in_errors(name, [&] {
    if (course.map()) {
      const MappedInputs in(name, inputs);
      if (in.watched_outside()) detail::throw_no_batch(name);
      if (!in.recorded()) return y;
      return detail::recorded(Custom{{name}, std::move(rule)}, in.raised(y), in.pointers());
    }
    return detail::recorded(Custom{{name}, std::move(rule)}, std::move(y), inputs);
  });
}

template <class Rule>
Tensor record(const char* name, Tensor y, std::initializer_list<Input> inputs, Rule rule) {
  static_assert(sizeof(Input) == sizeof(const Tensor*));
  return record(name, std::move(y), std::span(&inputs.begin()->tensor, inputs.size()),
                std::move(rule));
}

/// Wraps a rule that computes gradients from raw values. A backward pass that is itself
/// differentiated then throws GradError naming the operation, instead of leaving the rule's part
/// out.
template <class Rule>
auto once_differentiable(Rule rule) {
  return [rule = std::move(rule)](Tensor g, const Send& send) {
    if (!recording()) return rule(std::move(g), send);
    const detail::Cover cover(g, send.node_);
    const RecordingScope off(false);
    rule(detail::off_tape(g), send.opaque(cover));
  };
}

}  // namespace xtape

XTAPE_EXPORT_END
