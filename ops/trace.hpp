#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/watch.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// One operation that was carried out.
struct TraceStep {
  std::string operation;               ///< "sum"
  std::string attributes;              ///< "axes=[1] keep_dims=false"
  std::vector<std::int64_t> operands;  ///< numbers of tensors, in the order of their appearance
  std::vector<std::string> described;  ///< the operands: "float32[300, 64]"
  std::int64_t result = 0;             ///< number of the result
  std::string shape;                   ///< and what it is: "float32[300]"
  std::int64_t bytes = 0;  ///< of memory that the result takes; 0 for a view, or in place
  double flops = 0;        ///< about: elements, of products twice their inner extents
  std::string place;       ///< path of the module, or "backward of linear"
  std::string line;        ///< of the program, "train.cpp:42"; empty without -g or libbacktrace
};

/// Writes down what this thread computes while it lives, forward and backward: `std::cout << trace`
/// is a table of it. It keeps all these tensors alive. Gradients that are summed in place leave no
/// step. A `Tape` of what was recorded meanwhile knows the places and lines too.
/// ```
/// Trace trace;
/// loss_of(model, batch).backward();
/// std::cout << trace;
/// ```
class Trace : detail::Watcher {
 public:
  [[nodiscard]] Trace();
  ~Trace() override;

  const std::vector<TraceStep>& steps() const { return steps_; }
  double flops() const;        ///< of all steps
  std::int64_t bytes() const;  ///< of all results
  /// A drawing in the DOT language: `dot -Tsvg`.
  std::string to_dot() const;

 private:
  void computed(const detail::Step& step) override;
  void recorded(Node& node) override;
  std::int64_t number_of(const Tensor& x);

  // A constant Trace writes too.
  mutable std::vector<TraceStep> steps_;
  mutable bool told_ = false;            // of the operation that is recorded next
  mutable std::vector<Tensor> tensors_;  // by their numbers
  struct Numbers;
  Owned<Numbers> numbers_;  // by tensor, by elements
};

/// A table: step, operation with attributes, operands, result, bytes, flops, place, line.
std::ostream& operator<<(std::ostream& stream, const Trace& trace);

}  // namespace xtape

XTAPE_EXPORT_END
