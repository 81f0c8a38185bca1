#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/node.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/core/watch.hpp>

namespace xtape::detail {

/// A tensor that an operation holds, and the slot it comes from or goes to.
struct Held {
  std::size_t order;  // among all that it holds
  std::int32_t slot;
};

/// One thing that a function did. Values have slots, numbers in the order in which they appeared.
struct Instruction {
  enum class Kind : std::uint8_t {
    operation,  // result = copy(inputs)
    in_place,   // copy(inputs) changes the first, the result
    outside,    // result = a tensor from outside
    view,       // result = elements of the base's memory
    act,        // what is no operation
    assign,     // outside.assign(first input)
    add,        // the gradients of leaves += the inputs
    gradient,   // result = outside.grad()
  };
  Kind kind;
  const char* name;
  std::string attributes{}, line{};
  std::vector<std::int32_t> inputs{};
  std::int32_t result = -1;
  std::vector<Held> takes{}, gives{};

  std::shared_ptr<OperationCopy> copy{};
  Tensor outside{};
  std::vector<Ref<Node>> leaves{};
  std::function<void()> again{};

  // Of a result in memory of another slot: which, how many elements behind it, and whether it is
  // that one's value, unchanged.
  std::int32_t base = -1;
  std::int64_t offset = 0;
  bool handed_on = false;
};

/// What is known of a slot beside its value.
struct SlotInfo {
  Shape shape;
  Strides strides;
  Dtype dtype;
  bool contiguous;
  bool operator==(const SlotInfo&) const = default;
};

/// What a function did in one call.
struct Script {
  std::vector<Instruction> instructions;
  std::vector<SlotInfo> slots;
  std::vector<std::int32_t> inputs, outputs;
  /// Tensors from outside whose values were read, and the values.
  std::vector<std::pair<Tensor, std::vector<std::byte>>> read;
  std::vector<std::pair<Tensor, std::int32_t>> aliases;  // handles of what has a slot from outside
};

/// "" if two calls of a function did the same, else where they differ. What they made themselves,
/// rather than found, must be the same to the bit.
std::string difference(const Script& a, const Script& b);

/// Whether two calls used one tensor, which was there before, rather than one that each made.
bool was_there(const Instruction& a, const Instruction& b);

std::vector<std::byte> bytes_of(const Tensor& tensor);

}  // namespace xtape::detail
