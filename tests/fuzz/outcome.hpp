#pragma once
// What a program gives, and how two outcomes are compared.

#include <string>

#include "program.hpp"

/// A promise that does not hold.
struct Broken {
  std::string what;
};

inline void require(bool holds, const std::string& what) {
  if (!holds) throw Broken{what};
}

/// The inputs as leaves that collect gradients.
Tensors leaves(const Tensors& inputs);
/// Different slopes for each element.
xtape::Tensor slopes_like(const xtape::Tensor& y);
/// The gradients of those of `outputs` that are recorded; undefined where nothing is.
Tensors gradients_of(const Tensors& outputs, const Tensors& inputs, bool create_graph);
/// Values, gradients and, if asked, the gradients of these.
Tensors outcome(const Program& program, const Tensors& inputs, bool twice,
                const Manner& manner = {});
/// The sum of all results times their slopes.
xtape::Tensor total_of(const Program& program, const Tensors& x);

/// The greatest size of an element; infinite if one is no number.
double greatest(const xtape::Tensor& x);
/// Whether all values and slopes are of moderate size.
bool moderate(const Program& program);

/// Throws Broken unless both have the same bits.
void require_same(const Tensors& got, const Tensors& expected, const std::string& what);
/// The same but for an error relative to the greatest element.
void require_close(const Tensors& got, const Tensors& expected, double tolerance,
                   const std::string& what);
