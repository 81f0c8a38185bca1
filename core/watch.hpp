#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/block_function.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {
class Node;
}

namespace xtape::detail {

/// The attributes of an operation as text: "axes=[0, 2] keep_dims=true".
class AttributeText {
 public:
  void operator()(const char* name, bool value);
  void operator()(const char* name, std::int64_t value);
  void operator()(const char* name, int value) { (*this)(name, std::int64_t{value}); }
  void operator()(const char* name, double value);
  void operator()(const char* name, const std::string& value);
  void operator()(const char* name, const Shape& value) { (*this)(name, to_string(value)); }
  void operator()(const char* name, Dtype value) { (*this)(name, std::string(to_string(value))); }

  std::string text;
};

template <class Op>
std::string attributes_of(const Op& op) {
  AttributeText attributes;
  if constexpr (requires { op.attributes(attributes); }) op.attributes(attributes);
  return attributes.text;
}

/// Floating-point operations of a product: what the operation says; of others 0.
template <class Op>
double flops_of(const Op& op, const Tensor& y, std::span<const Tensor* const> inputs) {
  if constexpr (requires { op.flops(y, inputs); }) return op.flops(y, inputs);
  return 0;
}

/// "nan at [0, 3] of float32[2, 4]": the first element that is not finite; empty if there is none.
std::string first_not_finite(const Tensor& tensor);

class SavedValue;

/// A copy of an operation from before it was carried out, to do that again with other inputs.
class OperationCopy {
 public:
  OperationCopy(const OperationCopy&) = delete;
  OperationCopy& operator=(const OperationCopy&) = delete;
  virtual ~OperationCopy() = default;

  /// Through the door, as the first time.
  virtual Tensor apply(std::span<const Tensor* const> x) const = 0;
  /// Nothing else: no place on the tape, and nobody is told. Undefined of what works in place.
  virtual Tensor compute(std::span<const Tensor* const> x) = 0;
  /// Whether it can fill a tensor that is there; `compute_into` does, and throws ShapeError if the
  /// result has another shape or dtype.
  virtual bool fills() const = 0;
  virtual void compute_into(const Tensor& y, std::span<const Tensor* const> x) = 0;
  /// Of an elementwise operation its loop over dense elements of dtype `compute`; null of others.
  virtual BlockFunction loop(Dtype compute) const = 0;
  /// The tensors that it holds: given, or made by `compute` for its rule.
  virtual std::vector<SavedValue*> held() = 0;

 protected:
  OperationCopy() = default;
};

/// An operation that was carried out, before it is recorded.
struct Step {
  /// About how many floating-point operations that took: those of a product, else one for each
  /// element of what is larger, result or operand; none for a view.
  double flops() const;
  /// Of memory that the result takes; none for a view, or in place.
  std::int64_t bytes() const;

  const char* operation;
  std::string attributes;
  std::span<const Tensor* const> inputs;
  const Tensor& result;
  bool has_derivative;   ///< it is recorded, with a rule that is its derivative
  double product_flops;  ///< of a product, else 0
  bool in_place;         ///< it changed the first input, the result
  std::shared_ptr<OperationCopy> copy;
  /// What `copy->held()` was afterwards, in its order.
  std::span<const Tensor> held;
};

/// While it lives, nobody watches.
class Unwatched {
 public:
  Unwatched();
  ~Unwatched();
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

/// Is told of each operation on this thread while it lives, those within another left out. Watchers
/// nest; the innermost is told first.
class Watcher {
 public:
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  virtual void computed(const Step& step) = 0;
  /// Of the node that an operation has got on the tape, afterwards.
  virtual void recorded(Node&) {}

  /// Whether it wants to do it all again: then nothing may depend on values that it does not see.
  virtual bool repeats() const { return false; }

  // What happens beside operations, of interest to who wants to do it all again.
  /// An act begins, see there; what happens until it ends is part of it.
  virtual void begins(const char*, const std::function<void()>& /*again*/) {}
  virtual void ends() {}
  /// A leaf is about to get a value by `assign`.
  virtual void assigns(const Tensor& /*leaf*/, const Tensor& /*value*/) {}
  /// `backward` is about to add gradients to those of leaves; undefined ones are left out.
  virtual void adds(std::span<Node* const> /*leaves*/, std::span<const Tensor> /*gradients*/) {}
  /// Somebody asked for the gradient of a leaf.
  virtual void gives(const Tensor& /*leaf*/, const Tensor& /*gradient*/) {}
  /// Another handle of a tensor's memory is about to be made.
  virtual void views(const Tensor& /*base*/) {}
  /// A function has read values past the tape.
  virtual void reads(const char* /*function*/, const Tensor& /*of*/) {}
  /// `record` was given a value that somebody computed.
  virtual void meets(const char* /*operation*/, const Tensor& /*value*/) {}
  /// Something that cannot be done again, as "a hook".
  virtual void meets(const char* /*what*/) {}

  /// Whether anybody on this thread is told.
  static bool present() noexcept;
  /// Whether one of them wants to do it again.
  static bool repeating() noexcept;
  static void tell(const Step& step);
  static void tell(Node& node);
  /// Calls `f(watcher)` for each that is told, the innermost first.
  template <class F>
  static void tell_all(F&& f) {
    Watcher* const first = innermost();
    if (first == nullptr) return;
    const Unwatched quiet;  // what watchers compute themselves
    for (Watcher* watcher = first; watcher != nullptr; watcher = watcher->outer_) f(*watcher);
  }

 protected:
  Watcher();
  virtual ~Watcher();

 private:
  static Watcher* innermost() noexcept;

  mutable Watcher* outer_;
};

/// While it lives, something is done that is no operation and can be done again: an optimizer's
/// step.
class Act {
 public:
  /// `again()` gives the function that does it again; it is called only if somebody watches.
  template <class F>
  Act(const char* name, const F& again) : told_(Watcher::present()) {
    if (!told_) return;
    const std::function<void()> function = again();
    Watcher::tell_all([&](Watcher& watcher) { watcher.begins(name, function); });
  }
  ~Act() {
    if (told_) Watcher::tell_all([](Watcher& watcher) { watcher.ends(); });
  }
  Act(const Act&) = delete;
  Act& operator=(const Act&) = delete;

 private:
  bool told_;
};

/// Tells who watches of something that cannot be done again.
void refuse_to_repeat(const char* what);

/// A number for the state of all switches in a program, such as modules' training flags: what was
/// traced in another may be out of date.
std::uint64_t mode() noexcept;
/// One of them, told by its address, is turned over.
void turn_switch(const void* address) noexcept;

}  // namespace xtape::detail

XTAPE_EXPORT_END
