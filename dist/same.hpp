#pragma once
#include <string>
#include <vector>

namespace xtape::dist {

class World;

namespace detail {

/// What of a list of lines is not the same on all ranks: "hidden.weight float32[2, 3] on rank 0 and
/// ... on rank 2"; empty if all is. The same text on all ranks, of the lowest rank that differs.
/// Throws ValueError on all ranks if others do something else than `what`.
std::string first_difference(const World& world, const char* what,
                             const std::vector<std::string>& lines);

}  // namespace detail
}  // namespace xtape::dist
