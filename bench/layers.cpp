// Times layers and small nets, forward alone and with the gradients of input and parameters, beside
// PyTorch's, its images contiguous or with the channels last, one thread each, in interleaved
// rounds.

#include "side_by_side.hpp"

int main(int argc, char** argv) {
  return bench::compare_as_program(
      "Times layers and small nets, forward alone and with backward, beside PyTorch's, the better "
      "of\n"
      "images that are contiguous and of channels last: microseconds a call, the least of "
      "interleaved\n"
      "rounds on one CPU.",
      bench::layers,
      {.peers = "layers_peer.py",
       .who = {"torch", "channels_last"},
       .dtypes = {xtape::Dtype::float32}},
      argc, argv);
}
