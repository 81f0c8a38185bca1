#pragma once
#include <regex>
#include <string>

/// A message without the lines of programs, "(in 0, at model.cpp:42)": there are none without -g.
inline std::string without_lines(const std::string& message) {
  static const std::regex alone(R"( \(at [\w.]+:\d+\))"), behind(R"(, at [\w.]+:\d+\))");
  return std::regex_replace(std::regex_replace(message, alone, ""), behind, ")");
}
