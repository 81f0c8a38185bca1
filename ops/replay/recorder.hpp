#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <xtape/core/watch.hpp>
#include <xtape/ops/replay/script.hpp>

namespace xtape::detail {

/// Writes down what this thread does while it lives, so that it can be done again. Throws
/// ReplayError, in the middle of it, for what cannot.
class Recorder final : Watcher {
 public:
  explicit Recorder(std::span<const Tensor> inputs);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override = default;

  /// Everything so far, of which the results are these.
  Script finish(std::span<const Tensor> results);

 private:
  bool repeats() const override { return true; }
  void computed(const Step& step) override;
  void begins(const char* name, const std::function<void()>& again) override;
  void ends() override { --acting_; }
  void assigns(const Tensor& leaf, const Tensor& value) override;
  void adds(std::span<Node* const> leaves, std::span<const Tensor> gradients) override;
  void gives(const Tensor& leaf, const Tensor& gradient) override;
  void views(const Tensor& base) override;
  void reads(const char* function, const Tensor& of) override;
  void meets(const char* operation, const Tensor& value) override;
  void meets(const char* what) override;

  void computed_in_place(const Step& step);
  void find_base(Instruction& made, const Step& step);
  Instruction& add(Instruction instruction);
  std::int32_t new_slot(const Tensor& value);
  std::int32_t known(const Tensor& x) const;
  std::int32_t part_of_known(const Tensor& x);
  std::int32_t slot_of(const Tensor& x);
  bool from_outside(std::int32_t slot) const;
  bool is_inner(const Node& leaf) const { return leaf.number() >= start_; }

  [[noreturn]] void refuse(const std::string& what);

  Script script_;
  std::string refusal_;                      // the first
  std::unordered_set<const Body*> changed_;  // by assign
  std::uint64_t start_;                      // nodes from this number on are the function's own
  int acting_ = 0;
  std::vector<Tensor> values_;         // of the slots: they live, so that no memory is used twice
  std::vector<std::int32_t> made_by_;  // of each slot its instruction; -1 of inputs
  std::unordered_multimap<const void*, std::int32_t> by_memory_;
  std::unordered_map<const void*, std::int32_t> by_storage_;
};

}  // namespace xtape::detail
