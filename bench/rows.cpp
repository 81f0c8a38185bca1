#include "rows.hpp"

#include <cmath>
#include <fstream>
#include <stdexcept>

#include "machine.hpp"

namespace bench {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

void Rows::write(const std::string& file) const {
  if (file.empty()) return;
  std::ofstream out(file);
  out << "{\"machine\": " << quoted(blas_description()) << ", \"rows\": [";
  const char* between = "\n";
  for (const auto& [name, numbers] : rows_) {
    out << std::exchange(between, ",\n") << "  {\"name\": " << quoted(name);
    for (const auto& [what, value] : numbers) {
      out << ", " << quoted(what) << ": ";
      if (std::isfinite(value))
        out << value;
      else
        out << "null";
    }
    out << '}';
  }
  out << "\n]}\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace bench
