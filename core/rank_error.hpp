#pragma once
#include <xtape/config.hpp>
#include <xtape/core/error.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// More axes than a tensor can have: what was mapped over examples may do without their axis.
struct RankError : ShapeError {
  using ShapeError::ShapeError;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
