// The rows of the tables, and functions of elements beside them, against PyTorch and mpmath:
// values, first and second derivatives.
#include <doctest/doctest.h>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/incomplete.hpp>

#include "support/check_rows.hpp"
#include "support/peer_values.hpp"
#include "support/rows.hpp"

using namespace xtape;

TEST_CASE("peers: functions of elements") {
  std::vector<PeerOperation> operations{
      {"reciprocal", [](auto& v) { return reciprocal(v[0]); }},
      {"deg2rad", [](auto& v) { return deg2rad(square(v[0])); }},
      {"rad2deg", [](auto& v) { return rad2deg(square(v[0])); }},
      {"gammainc", [](auto& v) { return gammainc(v[0], v[1]); }},
      {"gammaincc", [](auto& v) { return gammaincc(v[0], v[1]); }},
      {"betainc", [](auto& v) { return betainc(v[0], v[1], v[2]); }},
      {"nan_to_num",
       [](auto& v) {
         return square(nan_to_num(v[0], {.nan = 7.0, .posinf = 2.0, .neginf = 3.0}));
       }},
      {"leaky_relu: the customary slope", [](auto& v) { return leaky_relu(v[0]); }},
      {"hardtanh", [](auto& v) { return hardtanh(v[0], -1, 2); }},
      {"celu", [](auto& v) { return celu(v[0], 1.5); }},
      {"hardshrink", [](auto& v) { return hardshrink(v[0], 1); }},
      {"softshrink", [](auto& v) { return softshrink(v[0], 1); }},
      {"threshold", [](auto& v) { return threshold(v[0], -1, 7); }},
      {"prelu", [](auto& v) { return prelu(v[0], v[1]); }},
      {"glu", [](auto& v) { return glu(v[0], 1); }},
      {"reglu", [](auto& v) { return reglu(v[0], 1); }},
      {"geglu", [](auto& v) { return geglu(v[0], 1); }},
      {"swiglu", [](auto& v) { return swiglu(v[0], -2); }},
      {"softmin", [](auto& v) { return softmin(v[0], 0); }},
      {"elu: the customary alpha", [](auto& v) { return elu(v[0]); }},
  };
  for (const Row& row : elementwise_rows()) {
    if (has_derivative(row)) operations.push_back({row.name, row.apply});
  }
  check_sections({"elementwise", "special"}, operations);
}
