#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/ops/gradcheck.hpp>

/// A use of an operation in a file of tests/peers: tests/reference/derivatives.py says what the
/// lines mean. Where nothing is compared, `compared` is false.
struct PeerUse {
  struct Numbers {
    std::vector<double> values;
    std::vector<bool> compared;
  };
  std::string name;
  std::vector<xtape::Tensor> inputs;  // float64, int64 and boolean
  std::vector<bool> wanted;           // whether an input has a gradient
  std::vector<xtape::Shape> shapes;   // of the results
  Numbers value, gradient, second;
};

/// Throws unless the file can be read and has uses.
std::vector<PeerUse> peer_uses(const std::string& section);

/// What the library has under the name of a use, or of its operation.
struct PeerOperation {
  using Tensors = std::vector<xtape::Tensor>;
  template <class F>
  PeerOperation(std::string text, F f)
      : name(std::move(text)),
        apply([f](const Tensors& x) { return xtape::detail::output_list(f(x)); }) {}
  std::string name;
  std::function<Tensors(const Tensors&)> apply;
};

/// Checks all uses of the sections, in float64 and in float32; each operation must have one.
void check_sections(const std::vector<std::string>& sections,
                    const std::vector<PeerOperation>& operations);
