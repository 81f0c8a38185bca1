#pragma once

#include <xtape/nn/module.hpp>

namespace bench {

/// Weights as bench/peers/layers_peer.py gives them to PyTorch's layer: of one stream, in the order
/// of names.
void initialise(const xtape::nn::Module& module);

}  // namespace bench
