#pragma once
#include <string>

#include <xtape/core/node.hpp>

namespace xtape::detail {

/// Where an operation was carried out.
struct Place {
  std::string module;  ///< the path of the module, or "backward of linear"
  std::string line;    ///< of the program, "train.cpp:42"
};

/// What somebody who watched has noted of nodes. Kept beside the tape: most nodes have none.
class NodePlaces {
 public:
  static void note(Node& node, Place place);
  static Place of(const Node& node);
  static void forget(const Node& node) noexcept;
};

}  // namespace xtape::detail
