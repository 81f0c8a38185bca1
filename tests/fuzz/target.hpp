#pragma once
#include <cstdint>
#include <span>
#include <string>

/// What is fuzzed: 0 if the bytes do no harm.
int run_target(std::span<const std::uint8_t> bytes);
/// What was looked at, for the report.
std::string target_counts();
