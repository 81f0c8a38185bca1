#pragma once

#include <xtape/core/dtype.hpp>

#include <string>
#include <vector>

#include "operation_table.hpp"

namespace bench {

/// A table of operations beside their peers, one thread each.
struct SideBySide {
  std::string peers;             ///< a Python program that stands beside this one
  std::vector<std::string> who;  ///< those of its answers that are compared
  std::vector<xtape::Dtype> dtypes;
  bool slowest_first = false;  ///< those slowest beside the better peer; else as they come
  int rounds = 9;
  std::string only = "";                ///< of the operations those whose names hold this
  std::vector<std::string> names = {};  ///< if there are any, just these
  std::string json = "";
  std::string python = "python3";
  int elements = 100'000;  ///< of those operations that are as well defined for another number
};

/// Times the operations forward alone and with backward, in interleaved rounds, and prints the
/// table.
/// Throws std::runtime_error if one does not compute what its peers do.
void compare(const std::vector<Operation>& operations, const SideBySide& options);

/// The program: flags for rounds, operations and interpreter, then `compare`. Returns the exit
/// code.
int compare_as_program(const std::string& description, std::vector<Operation> (*operations)(),
                       SideBySide options, int argc, char** argv);

}  // namespace bench
