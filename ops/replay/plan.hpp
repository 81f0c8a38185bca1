#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <xtape/ops/replay/program.hpp>

namespace xtape::detail {

/// Makes a program of two calls that did the same. Results that nobody else gets have their place
/// in one block of memory, shared by those that are not needed at the same time; views cost
/// nothing; elementwise operations that follow one another go block by block, or with the product
/// before them.
class Planner {
 public:
  Planner(const Script& first, Script second);
  std::unique_ptr<Program> plan();

 private:
  /// Where the memory of a slot is.
  enum class Life : std::uint8_t {
    passing,  // found or made anew each time
    lasting,  // a tensor from outside, or a constant
    input,
    planned,  // in the program's block
    inside,   // in the scratch of loops, or the registers of a product
  };
  /// What is known of the memory that a slot and its views share: kept at the first of them, its
  /// root.
  struct Slot {
    std::int32_t root;
    std::int64_t offset = 0;  // behind the root, in elements
    Life life = Life::passing;
    bool escapes = false;  // somebody else gets it
    bool has_views = false;
    bool is_handle = false;           // a view made anew in each run
    std::size_t first = 0, last = 0;  // the groups that need it
    std::int32_t loop = -1;           // of what lies inside
    std::int32_t host = -1;           // a slot that is not needed any more, whose place it takes
    std::int32_t block = -1;          // of a large result
  };
  /// One instruction, or elementwise ones that go block by block.
  struct Group {
    std::vector<std::size_t> members;
    bool loops;
  };

  Slot& at(std::int32_t slot) { return slots_[static_cast<std::size_t>(slot)]; }
  Slot& root_of(std::int32_t slot) { return at(at(slot).root); }
  const Script& script() const { return program_->script_; }
  const Instruction& step(std::size_t i) const { return script().instructions[i]; }
  const SlotInfo& info(std::int32_t slot) const {
    return script().slots[static_cast<std::size_t>(slot)];
  }
  std::int32_t root_number(std::int32_t slot) const {
    return slots_[static_cast<std::size_t>(slot)].root;
  }
  std::int64_t bytes_of(std::int32_t slot) const {
    return info(slot).shape.size() * static_cast<std::int64_t>(size_of(info(slot).dtype));
  }
  Tensor* tensor(std::int32_t slot) { return &program_->slots_[static_cast<std::size_t>(slot)]; }

  // Bytes: below, all is in the cache anyway.
  static constexpr std::int64_t large = std::int64_t{1} << 19;

  void note_guards();
  void find_roots();
  void settle_outside();
  void drop_early();
  void make_again();
  std::vector<std::vector<std::size_t>> places_of_roots() const;
  std::size_t peak(const std::vector<std::vector<std::size_t>>& places) const;
  std::size_t made_again_at(std::size_t made, std::size_t peak,
                            const std::vector<std::vector<std::size_t>>& places) const;
  std::int32_t another(std::int32_t slot);
  void find_lives();
  void join_products();
  void group();
  void find_times();
  void overwrite();
  void overwrite_in(std::size_t group, std::size_t k, std::span<const std::int32_t> operands);
  void place_planned();
  void place(std::int32_t slot, std::byte* data);
  void place_views();
  void make_actions();
  bool is_view(const Instruction& step) const;
  bool is_loop(const Instruction& step) const;
  /// Calls f(slot) for each that an instruction reads.
  template <class F>
  void for_each_use(const Instruction& step, F&& f) const;
  Action action_of(const Group& group);
  void add_operands(Action& action);
  void add_result(Action& action, std::int32_t slot);
  std::unique_ptr<Loops> loops_of(const Group& group, Action& action);

  const Script& first_;
  std::unique_ptr<Program> program_;
  std::vector<Slot> slots_;
  std::vector<bool> dropped_;  // instructions that need no action
  std::vector<bool>
      joined_{};  // with the product before, and reading its last input element by element
  std::vector<Group> groups_;
};

template <class F>
void Planner::for_each_use(const Instruction& step, F&& f) const {
  for (const std::int32_t slot : step.inputs) f(slot);
  for (const Held& taken : step.takes) f(taken.slot);
  if (step.kind == Instruction::Kind::view) f(step.base);
}

}  // namespace xtape::detail
