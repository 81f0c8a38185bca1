#pragma once
// A random program: operations of the library, one after another, on tensors of its own.

#include <cstddef>
#include <string>
#include <vector>

#include "decisions.hpp"
#include "words.hpp"

/// One operation on earlier values: inputs first, then the results of the steps.
struct Step {
  const Word* word;
  std::vector<std::size_t> operands;
  Ways ways;
};

struct Program {
  Tensors inputs;  ///< constants, dense
  std::vector<Step> steps;
  std::size_t outputs = 1;  ///< so many of the last values are its results

  bool has(Word::Trait trait) const;
  bool all(Word::Trait trait) const;
  /// Whether all floating values, of each step too, are of this dtype.
  bool only(xtape::Dtype dtype) const;
  std::string text() const;
};

/// How a program is carried out.
struct Manner {
  /// `dense` and `apart` have gradients meet at the same places, so that the sums have the same
  /// bits.
  enum Operands { as_they_are, apart, dense } operands = as_they_are;
  std::size_t broken = 0;  ///< the rule behind the so manieth step throws; 0 for none
  bool hooked = false;     ///< each result passes through a hook that changes nothing
};

/// What the steps give: all values, inputs first.
Tensors values_of(const Program& program, const Tensors& inputs, const Manner& manner = {});
/// The last of them.
Tensors outputs_of(const Program& program, const Tensors& inputs, const Manner& manner = {});

/// The program that bytes stand for. What an operation refuses is left out; throws what no
/// operation may throw.
Program decoded(Decisions bytes);
