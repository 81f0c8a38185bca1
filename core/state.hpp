#pragma once
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// States of models, optimizers and the like: named tensors that `state()` gives and
/// `restore(state)` takes up again.
namespace xtape {

struct RestoreOptions {
  bool strict = true;  ///< refuse missing and unexpected entries, instead of leaving them out
};

/// What a restore that is not strict has left out: the names that the state should have had, and
/// those it should not.
struct LeftOut {
  std::vector<std::string> missing, unexpected;
};

namespace detail {

/// A number as a tensor of rank 0, exactly.
template <Element T>
Tensor number(T value) {
  return from_span(std::span<const T>(&value, 1), {});
}

/// The number again.
template <Element T>
T number(const Tensor& tensor) {
  return tensor.data<T>()[0];
}

struct MatchedState {
  NamedTensors entries;  // as expected, with memory of their own; undefined where there is none
  LeftOut left_out;
};

/// The entries of a state, ordered as `expected`, whose names, shapes and dtypes they must have.
/// Throws one error that tells all that does not fit: ValueError if an entry is missing, unexpected
/// or given twice, otherwise ShapeError or DtypeError.
MatchedState match_state(const NamedTensors& expected, const NamedTensors& given,
                         const RestoreOptions& options = {});

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
