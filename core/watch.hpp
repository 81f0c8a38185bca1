#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
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

/// An operation that was carried out, before it is recorded.
struct Step {
  /// About how many floating-point operations that took: those of a product, else one for each element of
  /// what is larger, result or operand; none for a view.
  double flops() const;
  /// Of memory that the result takes; none for a view, or in place.
  std::int64_t bytes() const;

  const char* operation;
  std::string attributes;
  std::span<const Tensor* const> inputs;
  const Tensor& result;
  bool has_derivative;   ///< it is recorded, with a rule that is its derivative
  double product_flops;  ///< of a product, else 0
  /// The operation on other inputs; empty for one that changed the first of them, the result.
  std::function<Tensor(const std::vector<Tensor>&)> again;
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

  static void tell(const Step& step);
  static void tell(Node& node);

 protected:
  Watcher();
  virtual ~Watcher();

 private:
  mutable Watcher* outer_;
};

/// While it lives, nobody watches.
class Unwatched {
 public:
  Unwatched();
  ~Unwatched();
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
