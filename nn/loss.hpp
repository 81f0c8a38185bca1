#pragma once
// All losses.

#include <xtape/nn/binary_cross_entropy.hpp>
#include <xtape/nn/cross_entropy.hpp>
#include <xtape/nn/regression_loss.hpp>
