#pragma once
// All losses.

#include <xtape/nn/binary_cross_entropy.hpp>
#include <xtape/nn/cross_entropy.hpp>
#include <xtape/nn/ctc_loss.hpp>
#include <xtape/nn/likelihood_loss.hpp>
#include <xtape/nn/margin_loss.hpp>
#include <xtape/nn/regression_loss.hpp>
