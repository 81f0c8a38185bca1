// Times each operation at some 1e5 elements, forward alone and with backward, beside NumPy and
// PyTorch, one thread each, in interleaved rounds; prints a table, the operations that are slowest
// beside the better of the two first.

#include "side_by_side.hpp"

int main(int argc, char** argv) {
  return bench::compare_as_program(
      "Times each operation at some 1e5 elements, forward alone and with backward, beside the "
      "better of\n"
      "NumPy and PyTorch: microseconds a call, the least of interleaved rounds on one CPU, the "
      "operations\n"
      "that are slowest beside their peers first.",
      bench::operations,
      {.peers = "operations_peer.py",
       .who = {"numpy", "torch"},
       .dtypes = {xtape::Dtype::float32, xtape::Dtype::float64},
       .slowest_first = true},
      argc, argv);
}
