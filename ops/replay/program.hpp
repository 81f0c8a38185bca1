#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <xtape/core/storage.hpp>
#include <xtape/core/together.hpp>
#include <xtape/ops/replay/loops.hpp>
#include <xtape/ops/replay/script.hpp>

namespace xtape::detail {

/// One thing to do, with everything found out before: where operands lie and results go.
struct Action {
  enum class Kind : std::uint8_t {
    fill,      // an operation writes into a result that is there
    compute,   // an operation makes its result
    in_place,  // an operation changes its first operand
    loops,     // elementwise operations, block by block
    snapshot,  // of a tensor from outside, before it changes
    view,      // of a result that lies elsewhere each time
    act,
    assign,
    add,
    gradient,
  };
  Kind kind;
  const Instruction* of = nullptr;
  std::vector<const Tensor*> operands{};
  Tensor* result = nullptr;
  /// What an operation holds while it runs; it alone, if nobody reads that afterwards.
  struct Take {
    SavedValue* place;
    Tensor* value;
    bool alone = false;
  };
  std::vector<Take> takes{};
  std::vector<std::pair<std::size_t, Tensor*>> gives{};
  std::vector<SavedValue*> held{};  // of what gives, once it has run
  std::unique_ptr<Loops> loops{};
  std::vector<std::pair<Tensor*, const SlotInfo*>>
      fresh{};                                // results that need memory of their own
  std::vector<Tensor*> last{};                // what nobody reads afterwards
  std::vector<std::size_t> begins{}, ends{};  // of large blocks
};

/// A script that can be carried out again, planned by Planner.
class Program {
 public:
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// Whether what it depends on is as it was.
  bool valid() const;
  Results run(std::span<const Tensor> inputs);

 private:
  friend class Planner;
  struct Outside {
    Tensor tensor;
    const std::atomic<std::uint32_t>* programs;  // handles that programs have, see program.cpp
    const Node* node;
    Shape shape;
    Strides strides;
    Dtype dtype;
  };
  struct Guard {
    Tensor tensor;
    std::vector<std::byte> bytes;
  };
  /// Memory of a large result and its views: from the pool, where what was used last is taken
  /// first, so that it is in the cache more often than a place of its own would be.
  struct Block {
    std::size_t bytes;
    std::vector<std::pair<Body*, std::int64_t>> bodies{};  // and their offsets
    Ref<Storage> memory{};
  };
  /// A captured tensor in the memory of another.
  struct Twin {
    Tensor tensor, other;
    std::ptrdiff_t offset;
  };
  /// A view that is moved to where its tensor lies now.
  struct Moved {
    const Tensor* base;
    Tensor* view;
    std::int64_t offset;  // bytes
  };

  explicit Program(Script script);
  void count_handles();
  void add_outside(const Tensor& tensor);
  void move_views();
  void begin(Block& block);
  void carry_out(Action& action);
  void compute(Action& action);
  static void add_gradients(Action& action);

  Script script_;
  std::vector<Tensor> slots_;
  Ref<Storage> arena_, borrowed_;
  std::vector<Action> actions_;
  std::vector<Tensor*> inputs_;
  std::vector<const Tensor*> outputs_;
  std::vector<Tensor*> passing_;  // slots that hold something during a run only
  std::vector<Moved> moved_;
  std::vector<Block> blocks_;
  std::vector<Outside> outside_;
  std::unordered_map<const Body*, std::uint32_t> handles_;
  std::vector<Guard> guards_;
  std::vector<Twin> twins_;
};

}  // namespace xtape::detail
