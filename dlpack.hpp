#pragma once

// Tensors that pass between libraries without a copy, by DLPack.

#include <xtape/export/dlpack.hpp>
