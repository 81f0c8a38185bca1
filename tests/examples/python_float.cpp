#include <limits>

#include <doctest/doctest.h>

#include "../../examples/support/python_float.hpp"

TEST_CASE("python_float prints as Python does") {  // repr(value)
  CHECK(python_float(0.05) == "0.05");
  CHECK(python_float(0.04975126853296942) == "0.04975126853296942");
  CHECK(python_float(1.0) == "1.0");
  CHECK(python_float(0.0) == "0.0");
  CHECK(python_float(-2.5) == "-2.5");
  CHECK(python_float(0.0001) == "0.0001");
  CHECK(python_float(0.00005) == "5e-05");
  CHECK(python_float(1.5e-7) == "1.5e-07");
  CHECK(python_float(100000.0) == "100000.0");
  CHECK(python_float(9999999999999998.0) == "9999999999999998.0");
  CHECK(python_float(1e16) == "1e+16");
  CHECK(python_float(5e-324) == "5e-324");
  CHECK(python_float(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(python_float(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(python_float(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(python_float(std::numeric_limits<double>::quiet_NaN()) == "nan");
}
