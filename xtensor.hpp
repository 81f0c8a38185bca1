#pragma once

// xtensor's containers, words and views for tensors; the rest of the library does not need it. No
// `using namespace xtape` may stand before it: xtensor's headers call functions that have the names
// of ours, xtl's `data` among them.

#include <xtape/xtensor/convert.hpp>
#include <xtape/xtensor/custom_op.hpp>
#include <xtape/xtensor/elementwise.hpp>
#include <xtape/xtensor/layout.hpp>
#include <xtape/xtensor/linalg.hpp>
#include <xtape/xtensor/operators.hpp>
#include <xtape/xtensor/reductions.hpp>
#include <xtape/xtensor/transforms.hpp>
#include <xtape/xtensor/views.hpp>
