#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <xtape/ops/replay/script.hpp>

namespace xtape::detail {

/// A product and an elementwise operation of its result, as one operation.
struct ProductThen {
  std::shared_ptr<OperationCopy> copy;
  std::vector<std::int32_t> inputs;  // of the product, then what the other reads beside its result
  bool reads_other;                  // the last of them, in the places where it writes
};

/// If the two can be one, with the same bits, and are faster so: relu, or its slope, of few terms.
/// What the second reads is dense and of its result's shape, see Planner::is_loop.
std::optional<ProductThen> product_then(const Script& script, const Instruction& product,
                                        const Instruction& next);

}  // namespace xtape::detail
