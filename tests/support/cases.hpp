#pragma once
// Uses of all public operations that are no rows of a table, for the tests that hold for each.

#include <vector>

#include "cases/case.hpp"

/// Those of the headers in cases/, all compiled once, in cases.cpp.
std::vector<Case> structural_cases();

/// Uses of the operations that have no gradient.
std::vector<Case> constant_cases();
