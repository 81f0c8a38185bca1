#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The inputs of an operation inside `vmap`, as its rule for that sees them: each with the values
/// of all examples.
class Examples {
 public:
  /// The number of examples.
  std::int64_t count() const { return count_; }
  std::size_t size() const { return inputs_.size(); }
  /// An input of all examples: [count, shape...]; or [shape...], if it is the same in each.
  const Tensor& operator[](std::size_t input) const { return inputs_[input]; }
  bool differ(std::size_t input) const { return differ_[input]; }
  /// Axes of the input in one example.
  int rank(std::size_t input) const { return inputs_[input].rank() - (differ_[input] ? 1 : 0); }
  std::span<const Tensor* const> pointers() const;
  /// [count, shape...] in any case.
  Tensor each(std::size_t input) const;

 private:
  friend class MappedInputs;
  std::int64_t count_ = 0;
  std::vector<Tensor> inputs_;
  std::vector<const Tensor*> pointers_;
  std::vector<bool> differ_;
};

/// The inputs of an operation of which at least one is mapped, at the innermost level among them.
class MappedInputs {
 public:
  MappedInputs(const char* op, std::span<const Tensor* const> inputs);

  const Examples& examples() const { return examples_; }
  /// Whether all inputs are the same in each example.
  bool same() const;
  const Tensor& operator[](std::size_t input) const { return inputs_[input]; }
  std::span<const Tensor* const> pointers() const;
  /// Whether an operation on them is recorded at their level.
  bool recorded() const;
  /// Whether anybody differentiates through them further out.
  bool watched_outside() const;
  /// A tensor as one of their level.
  Tensor raised(const Tensor& x) const;
  /// What was computed of `examples()`, as one example's result.
  Tensor wrap(Tensor whole) const;
  int level() const { return level_; }
  /// The run of vmap that they belong to.
  std::uint64_t run() const;

 private:
  int level_ = 0;
  std::vector<Tensor> inputs_;  // all of that level
  std::vector<const Tensor*> pointers_;
  Examples examples_;
};

namespace detail {

/// An operation without a rule for vmap.
struct NoBatchRule : ValueError {
  using ValueError::ValueError;
};

/// While it lives, operations run outside of the mapped function of this level.
class Outside {
 public:
  explicit Outside(int level);
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  int before_;
};

/// One run of a function that is mapped over the leading axis of its inputs.
class Mapping {
 public:
  Mapping(const char* op, std::span<const Tensor> inputs);
  Mapping(const char* op, const std::vector<Tensor>& inputs);
  Mapping(const char* op, const Tensor& input);
  /// The same run as one that is still under way, and was left by `Outside`.
  Mapping(const char* op, std::int64_t count, std::uint64_t run);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// One example's value.
  Tensor in(const Tensor& x) const;
  std::vector<Tensor> in(const std::vector<Tensor>& x) const;
  /// The values of all examples.
  Tensor out(const Tensor& y) const;
  std::vector<Tensor> out(const std::vector<Tensor>& y) const;
  template <class A, class B>
  auto out(const std::pair<A, B>& y) const {
    return std::pair(out(y.first), out(y.second));
  }

 private:
  void enter(std::uint64_t run);

  const char* op_;
  std::int64_t count_;
  int level_;
  std::uint64_t run_;  // as it was, of this level
  bool recording_;     // likewise
};

/// The level of vmap that a tensor belongs to: 0 outside, or if it is the same for all.
int level_of(const Tensor& x);
/// How deep in vmap this thread is.
int current_level();
/// The tensor as one that belongs to `level`, the same in each example.
Tensor raised(const Tensor& x, int level);
/// Whether anybody differentiates through the tensor: at its own level, or further out.
bool watched(const Tensor& x);
bool watched(std::span<const Tensor* const> any);
/// Whether a rule may work on the memory of its cotangent: nobody differentiates the backward pass,
/// and it is not within vmap.
bool plain(const Tensor& g);
/// Throws ValueError for a mapped tensor: it has no values to read.
void check_has_values(const char* op, const Tensor& x);
/// Another handle of a mapped tensor, off the tape of its level; of those further out too unless
/// they are kept.
Tensor mapped_alias(const Tensor& x, bool keep_places);
/// x with a value for each example, if `like` has that.
Tensor mapped_like(const Tensor& x, const Tensor& like);
/// A copy of a mapped tensor, off the tape of its level.
Tensor mapped_clone(const Tensor& x);
/// x repeated along a new axis: a view.   dx = the sum along it
Tensor repeated(const Tensor& x, std::int64_t count, int axis);

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
