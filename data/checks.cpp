#include <string>

#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>

namespace xtape::data::detail {

void check_count(const char* op, const char* what, std::int64_t count, std::int64_t least) {
  if (count < least) {
    throw ValueError(std::string(op) + ": " + what + " must be at least " + std::to_string(least) +
                     "; got " + std::to_string(count));
  }
}

void check_floating(const char* op, Dtype dtype) {
  if (!is_floating(dtype)) {
    throw DtypeError(std::string(op) + ": the dtype must be floating; got " +
                     std::string(to_string(dtype)));
  }
}

void check_rows(const char* op, const Dataset& dataset) {
  const auto& [x, y] = dataset;
  if (x.rank() < 1 || y.rank() < 1 || x.extent(0) != y.extent(0)) {
    throw ShapeError(std::string(op) + ": x and y must have the same number of rows; got " +
                     x.describe() + " and " + y.describe());
  }
}

}  // namespace xtape::data::detail
