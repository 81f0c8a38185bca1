#pragma once
#include <xtape/core/state.hpp>

namespace xtape::optim {

using detail::number;

/// All entries of a state in the order of `expected`, see `detail::match_state`. Throws also
/// ValueError for a count, an integer of rank 0, that is negative.
NamedTensors entries_like(const NamedTensors& expected, const NamedTensors& given);

}  // namespace xtape::optim
