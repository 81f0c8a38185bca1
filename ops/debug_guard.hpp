#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/watch.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct DebugOptions {
  bool finite = true;  ///< stop at the first NaN or infinity
  bool check_rules =
      false;  ///< compare each rule with finite differences, to 1e-4; float64, and slow
  /// Stop when more nodes than this are alive: a graph that grows without backward.
  std::optional<std::int64_t> max_nodes = {};
};

/// While it lives, each operation of this thread is looked at, forward and backward, and the first
/// one that is wrong ends in a ValueError which names it, its attributes and operands, the first
/// bad element, the range of the operands and the module it stands in, or whose backward rule it is
/// part of. Gradients that are summed in place are not seen before the next operation reads them.
/// ```
/// DebugGuard guard;
/// loss_of(model, batch).backward();
/// ```
/// Costs nothing where there is none. Guards nest; all look.
class DebugGuard : detail::Watcher {
 public:
  /// Throws ValueError for a negative max_nodes.
  [[nodiscard]] explicit DebugGuard(const DebugOptions& options = {});
  ~DebugGuard() override = default;

 private:
  void computed(const detail::Step& step) override;

  DebugOptions options_;
};

}  // namespace xtape

XTAPE_EXPORT_END
