#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <xtape/export/graph/common.hpp>
#include <xtape/export/graph/graph.hpp>

namespace xtape::exporting {

/// Makes a graph of several recordings of one model, for such batches; for 0 and 0 of the examples.
class Merger {
 public:
  Merger(const char* op, std::vector<Recording> of, std::vector<std::int64_t> of_batches,
         std::size_t inputs)
      : op_(op), recordings_(std::move(of)), batches_(std::move(of_batches)), inputs_(inputs) {}

  void merge();
  /// What the model made of one row: its result must be like the others, and if it did the same for
  /// it, its constants. (It may leave out what one row does not need.)
  void compare_with_one(const Recording& one) const;
  /// Gives the values what they are for the calibration.
  void calibrate(const Recording& calibration);
  Graph graph() && { return std::move(graph_); }

 private:
  Common in_common(const Recording* more = nullptr) const;
  bool grows() const { return batches_[0] != batches_[1]; }
  const RecordedValue& value(std::size_t recording, const Numbers& numbers) const;
  /// What made it; null if it was there.
  const RecordedStep* maker(const Numbers& numbers, std::size_t recording = 0) const;
  const RecordedStep& first_of(const Numbers& steps) const;

  void add_step(const CommonStep& of);
  int add(GraphStep step);
  /// One that a step makes, or takes if it was there.
  int add_value(const Numbers& numbers, const RecordedStep* taker = nullptr);
  /// A constant must be the same for each batch, but for rows that repeat.
  int add_constant(const Numbers& numbers, const RecordedStep& taker);
  int add_moving_step(const Numbers& numbers, const Numbers& from, const RecordedStep& taker);
  Attributes attributes_of(const Numbers& steps) const;
  std::vector<Extent> shape_of(const Numbers& numbers, const std::string& what) const;
  /// What an operation that moves elements makes this of, if they are those of a parameter.
  std::optional<Numbers> parameter_moved_to(const Numbers& numbers) const;
  /// The number of a constant, if it is an integer that is not the same for each batch.
  std::optional<Extent> count_in(const Numbers& numbers) const;

  /// "exp (at a.cpp:3) for float32[7, 2], and sin (at a.cpp:3) for float32[2, 2]"
  std::string told(const Difference& difference, const Recording& first,
                   const Recording& other) const;
  [[noreturn]] void refuse(const std::string& what) const;
  [[noreturn]] void refuse(const Difference& difference) const;
  [[noreturn]] void refuse_one(const Tensors& results) const;
  [[noreturn]] void refuse_constant(const Tensor& tensor, const RecordedStep& taker) const;
  /// Results without inputs, and inputs without results.
  void refuse_apart(const Common& common) const;
  [[noreturn]] void refuse_apart(const std::string& input, const std::string& result) const;
  /// Derivatives have the name of their operation, which is another one.
  void refuse_derivative(const GraphStep& step) const;

  const char* op_;
  std::vector<Recording> recordings_;
  std::vector<std::int64_t> batches_;
  std::size_t inputs_;
  Graph graph_;
  std::map<Numbers, int> ids_;  // of the values
};

}  // namespace xtape::exporting
