#include <mutex>
#include <unordered_map>
#include <utility>

#include <xtape/core/fork.hpp>
#include <xtape/core/node_place.hpp>

namespace xtape::detail {
namespace {

constinit std::mutex one_for_all;
std::mutex& places_mutex() { return one_for_all; }
[[maybe_unused]] const bool held = hold_at_fork<&places_mutex>();

/// Never destroyed: nodes may outlive it.
using Places = std::unordered_map<const Node*, Place>;
Places& places() {
  static auto& map = *new Places;
  return map;
}

}  // namespace

void NodePlaces::note(Node& node, Place place) {
  const std::lock_guard lock(places_mutex());
  places().insert_or_assign(&node, std::move(place));
  node.notes_.fetch_or(Node::has_place, std::memory_order_relaxed);
}

Place NodePlaces::of(const Node& node) {
  if (!node.notes(Node::has_place) || !node.is_own()) return {};
  const std::lock_guard lock(places_mutex());
  return places().at(&node);
}

void NodePlaces::forget(const Node& node) noexcept {
  const std::lock_guard lock(places_mutex());
  places().erase(&node);
}

}  // namespace xtape::detail
