#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The text as JSON has it.
std::string quoted(const std::string& text);

/// A table for other programs: lines of named numbers.
class Rows {
 public:
  using Numbers = std::vector<std::pair<std::string, double>>;
  void add(std::string name, Numbers numbers) {
    rows_.emplace_back(std::move(name), std::move(numbers));
  }
  /// As JSON, with what this was measured on, unless the name of the file is empty. Numbers that
  /// are not finite are null. Throws std::runtime_error if it cannot be written.
  void write(const std::string& file) const;

 private:
  std::vector<std::pair<std::string, Numbers>> rows_;
};

}  // namespace bench
