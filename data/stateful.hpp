#pragma once
#include <concepts>
#include <string>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// A text and its name.
using NamedText = std::pair<std::string, std::string>;

/// What gives its state and takes it up again: a module, an optimizer, a schedule that learns.
template <class T>
concept Stateful = requires(T& object, const T& constant, const NamedTensors& state) {
  { constant.state() } -> std::same_as<NamedTensors>;
  object.restore(state);
};

}  // namespace xtape::data

XTAPE_EXPORT_END
