#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

class Node;
class Tape;

namespace detail {
class GradientSum;
class Leaf;
class NodePlaces;
Tensor attach(Tensor y, std::span<const Tensor* const> inputs, Node* node);

/// Hides gradients whose own derivative nobody knows behind a node that says so when it is reached.
class Cover {
 public:
  Cover(const Tensor& g, const Node& node);
  Tensor operator()(const Tensor& dx) const;

 private:
  const char* name_;
  std::vector<Tensor> sources_;  // what such a gradient depends on
};
}  // namespace detail

class Send;
class Tangents;

/// The nodes that made an operation's inputs, in their order; null for constants.
class Edges {
 public:
  explicit Edges(std::size_t count);
  ~Edges() {
    if (count_ > few) {
      end_many();
    } else {
      for (Ref<Node>& maker : few_) maker.reset();
    }
  }
  Edges(const Edges&) = delete;
  Edges& operator=(const Edges&) = delete;

  std::size_t size() const { return count_; }
  const Ref<Node>& operator[](std::size_t i) const { return (count_ > few ? many_ : few_)[i]; }
  /// Once for each, which is null before.
  void set(std::size_t i, const Ref<Node>& maker) {
    ::new (static_cast<void*>((count_ > few ? many_ : few_) + i)) Ref<Node>(maker);
  }

 private:
  void end_many() noexcept;
  static constexpr std::size_t few = 2;  // most operations have one or two inputs
  union {
    Ref<Node> few_[few];
    Ref<Node>* many_;
  };
  std::uint32_t count_;
};

/// One recorded operation, or a leaf. Reference counted; lives in the pool.
class Node {
 public:
  /// Record order: one counter for all threads, so inputs have smaller numbers than what is made of
  /// them.
  std::uint64_t number() const { return number_ & ((std::uint64_t{1} << count_bits) - 1); }
  const char* name() const { return name_; }
  const Edges& inputs() const { return inputs_; }
  Shape shape() const { return shape_.unpacked(); }  ///< of the operation's result
  bool has_shape(const Shape& shape) const { return shape_ == shape; }
  Dtype dtype() const { return dtype_; }
  bool is_leaf() const { return leaf_; }
  /// Whether backward collects the gradient of this operation's result, see `Tensor::retain_grad`.
  bool retains_grad() const { return notes(retains_its_grad); }
  /// A leaf's name; empty for others, and without one.
  virtual std::string label() const { return {}; }
  /// The operation's attributes as text: "axes=[0]".
  virtual std::string attributes() const { return {}; }
  /// Whether a sweep without retain_graph has used up the saved values.
  bool released() const { return use_.load(std::memory_order_relaxed) == swept; }
  /// Bytes of the values saved for backward.
  virtual std::size_t saved_bytes() const = 0;

  // For the library's own use.
  static constexpr int count_bits = 48;  // of a number; above is the copy of the library
  /// Whether `input` was recorded earlier, and by the same copy of the library.
  bool follows(const Node& input) const {
    return input.number_ < number_ && (input.number_ ^ number_) >> count_bits == 0;
  }
  /// Whether this copy of the library recorded it.
  bool is_own() const noexcept;
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.load(std::memory_order_acquire) == 1 ||
        references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      destroy(this);
    }
  }
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes, 1); }
  static void operator delete(void* node, std::size_t bytes) noexcept {
    memory::deallocate(node, bytes, 1);
  }

 protected:
  Node(const char* name, const Shape& shape, Dtype dtype, std::size_t inputs, bool leaf);
  virtual ~Node();

 private:
  friend class Tape;
  friend class Tensor;
  friend class Tangents;
  friend class detail::Leaf;
  friend class detail::NodePlaces;
  friend Tensor detail::attach(Tensor y, std::span<const Tensor* const> inputs, Node* node);
  virtual void run(Tensor g, const Send& send) = 0;
  /// The tangent of the result; undefined if it is 0.
  virtual Tensor push(const Tangents& tangents) = 0;
  /// Drops the rule, and with it the saved values.
  virtual void drop_rule() noexcept = 0;
  static void destroy(Node* node) noexcept;
  bool claim(bool shared) noexcept;
  bool share() noexcept;
  void unclaim(bool shared) noexcept;

  // What is kept of it beside the tape: a bit for each.
  static constexpr std::uint8_t retains_its_grad = 1, has_place = 2;
  bool notes(std::uint8_t bit) const { return (notes_.load(std::memory_order_relaxed) & bit) != 0; }

  std::atomic<std::uint32_t> references_{1};
  // Who uses the rule: so many sweeps that retain it, or one that does not, or nobody any more.
  static constexpr std::int32_t free_to_all = 0, claimed = -1, swept = -2;
  std::atomic<std::int32_t> use_{free_to_all};
  union {
    std::uint64_t number_;
    Node* next_doomed_;  // once the last reference is gone
  };
  const char* name_;
  [[no_unique_address]] Edges inputs_;  // what follows lies in its last bytes
  Dtype dtype_;
  bool leaf_;
  std::atomic<std::uint8_t> notes_{0};

 protected:
  bool has_rule_ = true;

 private:
  detail::PackedShape shape_;
};

static_assert(sizeof(Node) <= 88);  // with what an elementwise operation keeps, two cache lines

/// Claims the rule for a sweep: to read it beside others that retain it, or to use it up. What is
/// reached alone, by one edge of a node that this sweep has claimed the same way, no other can
/// claim.
inline bool Node::claim(bool shared) noexcept {
  if (shared) return share();
  std::int32_t use = use_.load(std::memory_order_acquire);
  if (use != free_to_all) return false;
  if (references_.load(std::memory_order_acquire) != 1)
    return use_.compare_exchange_strong(use, claimed, std::memory_order_acquire);
  use_.store(claimed, std::memory_order_relaxed);
  return true;
}

/// Where a part of a gradient lies: from `low` to below `high` along an axis; anywhere, unless
/// given.
struct PartPlace {
  int axis = 0;
  std::int64_t low = 0, high = INT64_MAX;
};

/// Where a rule delivers dL/dx for each input x of its operation.
class Send {
 public:
  /// Whether anybody wants the gradient of this input.
  bool wanted(std::size_t input) const;
  /// Of an input that requires a gradient; of others nothing is kept.
  Shape shape(std::size_t input) const;
  Dtype dtype(std::size_t input) const;
  bool has_shape(std::size_t input, const Shape& shape) const;

  /// Delivers `dx`, of the input's shape and dtype. Throws GradError naming the operation if it is
  /// of others.
  void operator()(std::size_t input, Tensor dx) const;

  /// The same, computed only if wanted.
  template <class F>
  requires std::is_invocable_r_v<Tensor, F>
  void operator()(std::size_t input, F&& compute) const {
    if (wanted(input)) (*this)(input, static_cast<Tensor>(std::forward<F>(compute)()));
  }

  /// Adds to rows of the gradient of an input: values [indices..., row's...] to those that indices
  /// from the front name, which may repeat. Of a leaf `backward` then keeps the rows alone, see
  /// `Tensor::sparse_grad`. Not where the backward pass is recorded.
  void add_rows(std::size_t input, const Tensor& indices, const Tensor& values) const;

  /// Adds to a part of the gradient of an input, in place: `add(sum)` gets a dense tensor of the
  /// input's shape with what has come so far, of the input's dtype or, after many parts on one
  /// another, float64. So many small parts cost what they are worth. A first part of -0 becomes 0.
  /// Not where the backward pass is recorded.
  template <class F>
  requires std::is_invocable_v<F, const Tensor&>
  void add_to(std::size_t input, F&& add, const PartPlace& part = {}) const {
    if (!wanted(input)) return;
    if (has_mapped_sum(input)) {
      const Tensor alone = zero(input);
      add(alone);
      (*this)(input, alone);
    } else {
      meet_unknown();
      add(sum(input, part));
    }
  }

  /// The same by an operation that adds x to the sum in place: `op.run({&sum, &x})`.
  template <class Op>
  void add_by(const Op& op, std::size_t input, const Tensor& x, const PartPlace& part = {}) const;

 private:
  friend class Tape;
  friend class Tangents;
  friend class SavedOutput;
  template <class Rule>
  friend auto once_differentiable(Rule rule);
  Send(detail::GradientSum* sums, Node& node, const std::int32_t* targets)
      : sums_(sums), node_(node), targets_(targets) {}
  Send opaque(const detail::Cover& cover) const;
  const Node& source(std::size_t input) const;
  void check_not_recorded(const char* what) const;
  const Tensor& sum(std::size_t input, const PartPlace& part) const;
  bool has_mapped_sum(std::size_t input) const;
  void meet_unknown() const;  // tells who watches that a sum is changed past the door
  Tensor zero(std::size_t input) const;
  [[noreturn]] void throw_misfit(std::size_t input, const Tensor& dx) const;
  [[noreturn]] void throw_no_input(std::size_t input) const;
  [[noreturn]] void throw_constant(std::size_t input) const;

  detail::GradientSum* sums_;  // of the nodes that may be targets
  Node& node_;
  // For each input the place of its sum, negative if nobody wants its gradient.
  const std::int32_t* targets_;
  const detail::Cover* cover_ = nullptr;  // set while a rule runs whose own derivative nobody knows
};

inline bool Send::wanted(std::size_t input) const {
  if (input >= node_.inputs().size()) throw_no_input(input);
  return targets_[input] >= 0;
}

inline const Node& Send::source(std::size_t input) const {
  if (input >= node_.inputs().size()) throw_no_input(input);
  if (!node_.inputs()[input]) throw_constant(input);
  return *node_.inputs()[input];
}

inline Shape Send::shape(std::size_t input) const { return source(input).shape(); }
inline bool Send::has_shape(std::size_t input, const Shape& shape) const {
  return source(input).has_shape(shape);
}
inline Dtype Send::dtype(std::size_t input) const { return source(input).dtype(); }

namespace detail {
/// An operation without a forward rule whose backward rule is not differentiable.
struct NoForwardMode : GradError {
  using GradError::GradError;
};
}  // namespace detail

/// The tangents of an operation's inputs, for its forward rule: how they change along a direction.
class Tangents {
 public:
  Tangents(Node& node, std::span<const Tensor> inputs) : node_(node), inputs_(inputs) {}

  std::size_t size() const { return inputs_.size(); }
  /// Undefined where an input does not change.
  const Tensor& operator[](std::size_t input) const { return inputs_[input]; }
  /// Of the operation's result.
  Shape shape() const { return node_.shape(); }
  Dtype dtype() const { return node_.dtype(); }

  /// The tangent of the result by the operation's backward rule: what that gives for any cotangent
  /// is linear in it, and its derivative the tangent.
  Tensor by_transposing() const;

 private:
  friend class SavedOutput;
  Node& node_;
  std::span<const Tensor> inputs_;
};

namespace detail {

/// Throws on the error that is being caught; one that names no operation yet names this one.
[[noreturn]] void throw_named(const char* operation, const MemoryError& error);

/// `work()`; if memory is out, the error names the operation.
template <class F>
auto named_in_errors(const char* operation, F&& work) {
  try {
    return work();
  } catch (const MemoryError& error) {
    throw_named(operation, error);
  }
}

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
