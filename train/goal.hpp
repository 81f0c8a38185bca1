#pragma once

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What is wanted of a score or metric: an accuracy is maximized, a loss minimized.
enum class SearchGoal { maximize, minimize };

}  // namespace xtape

XTAPE_EXPORT_END
