#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>

using namespace xtape;

// Every expected text is what NumPy 2.4 prints for the array: `str(np.array(values, dtype))`.

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::string float32(std::vector<double> values) {
  return to_string(from_vector(std::move(values)).to(Dtype::float32));
}
std::string float64(std::vector<double> values) {
  return to_string(from_vector(std::move(values)));
}

}  // namespace

TEST_CASE("floating arrays: as many digits as needed, at most 8 behind the point, aligned") {
  CHECK(float32({1, 2, 3}) == "[1. 2. 3.]");
  CHECK(float32({0.1, 0.25, 100}) == "[  0.1    0.25 100.  ]");
  CHECK(float32({1.0 / 3, 2.0 / 3}) == "[0.33333334 0.6666667 ]");
  CHECK(float64({1.0 / 3, 2.0 / 3}) == "[0.33333333 0.66666667]");
  CHECK(float64({0.00010001, 0.1}) == "[0.00010001 0.1       ]");
  CHECK(float64({-0.0, 0.0}) == "[-0.  0.]");
  CHECK(float32({0, 0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F, 0.9F, 1}) ==
        "[0.  0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1. ]");
}

TEST_CASE("floating arrays: exponents where magnitudes are small, great or far apart") {
  CHECK(float64({1e-5, 1}) == "[1.e-05 1.e+00]");
  CHECK(float32({0.0001}) == "[0.0001]");
  CHECK(float64({1000, 1}) == "[1000.    1.]");
  CHECK(float64({1001, 1}) == "[1.001e+03 1.000e+00]");
  CHECK(float64({99999999, 1e6}) == "[99999999.  1000000.]");
  CHECK(float64({1e8}) == "[1.e+08]");
  CHECK(float32({999999}) == "[999999.]");
  CHECK(float32({1e6}) == "[1.e+06]");
  CHECK(float64({9.999999999, 1e-9}) == "[1.e+01 1.e-09]");
  CHECK(float64({5e-324, 1.7976931348623157e308}) == "[4.94065646e-324 1.79769313e+308]");
  // Beyond the digits that identify it, a value shows its exact ones: 1.1e10 is 11000000512 in
  // float32.
  CHECK(float32({1.1e10, 1.23456789e3}) == "[1.1000001e+10 1.2345679e+03]");
  CHECK(float32({16777216, 0.5}) == "[1.6777216e+07 5.0000000e-01]");
}

TEST_CASE("nan and inf") {
  CHECK(to_string(from_vector(std::vector<double>{1.5, not_a_number, -inf, inf}, {2, 2})) ==
        "[[ 1.5  nan]\n [-inf  inf]]");
  CHECK(float64({not_a_number, 1e10}) == "[   nan 1.e+10]");
  CHECK(float64({inf, not_a_number}) == "[inf nan]");
  CHECK(float64({-inf, 1}) == "[-inf   1.]");
}

TEST_CASE("integers and booleans") {
  CHECK(to_string(tensor({1, -20, 300})) == "[  1 -20 300]");
  CHECK(to_string(tensor({true, false})) == "[ True False]");
  CHECK(to_string(tensor({std::numeric_limits<std::int64_t>::min()})) == "[-9223372036854775808]");
}

TEST_CASE("a number on its own") {
  struct Row {
    double value;
    const char *wide, *narrow;
  };
  for (const auto& [value, wide, narrow] :
       std::vector<Row>{{0.1, "0.1", "0.1"},
                        {1, "1.0", "1.0"},
                        {1e16, "1e+16", "1e+16"},
                        {1e15, "1000000000000000.0", "1e+15"},
                        {-0.0, "-0.0", "-0.0"},
                        {1e-4, "0.0001", "1e-04"},
                        {1e-5, "1e-05", "1e-05"},
                        {1.0 / 3, "0.3333333333333333", "0.33333334"},
                        {123456789, "123456789.0", "1.2345679e+08"},
                        {not_a_number, "nan", "nan"},
                        {-inf, "-inf", "-inf"}}) {
    CHECK(to_string(full({}, value, Dtype::float64)) == wide);
    CHECK(to_string(full({}, value)) == narrow);
  }
  CHECK(to_string(tensor(7)) == "7");
  CHECK(to_string(tensor(true)) == "True");
  CHECK(to_string(tensor(false)) == "False");
}

TEST_CASE("axes nest, lines break at 75 characters") {
  CHECK(to_string(arange(30)) ==
        "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
        " 24 25 26 27 28 29]");
  CHECK(to_string(detail::make_view(arange(24), {2, 3, 4}, {12, 4, 1})) ==
        "[[[ 0  1  2  3]\n"
        "  [ 4  5  6  7]\n"
        "  [ 8  9 10 11]]\n"
        "\n"
        " [[12 13 14 15]\n"
        "  [16 17 18 19]\n"
        "  [20 21 22 23]]]");
}

TEST_CASE("above 1000 elements only the ends of each axis show") {
  CHECK(to_string(arange(1001)) == "[   0    1    2 ...  998  999 1000]");
  CHECK(to_string(arange(1000)).find("...") == std::string::npos);
  CHECK(to_string(detail::make_view(arange(2000), {400, 5},
                                    {5, 1})) ==  // np.arange(2000).reshape(400, 5)
        "[[   0    1    2    3    4]\n"
        " [   5    6    7    8    9]\n"
        " [  10   11   12   13   14]\n"
        " ...\n"
        " [1985 1986 1987 1988 1989]\n"
        " [1990 1991 1992 1993 1994]\n"
        " [1995 1996 1997 1998 1999]]");
  std::vector<double> sevenths(1200);
  for (std::size_t i = 0; i < 1200; ++i) sevenths[i] = static_cast<double>(i) / 7.0;
  CHECK(to_string(from_vector(sevenths, {40, 30})) ==  // np.arange(1200).reshape(40, 30) / 7
        "[[0.00000000e+00 1.42857143e-01 2.85714286e-01 ... 3.85714286e+00\n"
        "  4.00000000e+00 4.14285714e+00]\n"
        " [4.28571429e+00 4.42857143e+00 4.57142857e+00 ... 8.14285714e+00\n"
        "  8.28571429e+00 8.42857143e+00]\n"
        " [8.57142857e+00 8.71428571e+00 8.85714286e+00 ... 1.24285714e+01\n"
        "  1.25714286e+01 1.27142857e+01]\n"
        " ...\n"
        " [1.58571429e+02 1.58714286e+02 1.58857143e+02 ... 1.62428571e+02\n"
        "  1.62571429e+02 1.62714286e+02]\n"
        " [1.62857143e+02 1.63000000e+02 1.63142857e+02 ... 1.66714286e+02\n"
        "  1.66857143e+02 1.67000000e+02]\n"
        " [1.67142857e+02 1.67285714e+02 1.67428571e+02 ... 1.71000000e+02\n"
        "  1.71142857e+02 1.71285714e+02]]");
}

TEST_CASE("strided, empty and undefined tensors") {
  const Tensor base = arange(6);
  CHECK(to_string(detail::make_view(base, {3, 2}, {1, 3})) == "[[0 3]\n [1 4]\n [2 5]]");
  CHECK(to_string(detail::make_view(base, {3}, {-2}, 5)) == "[5 3 1]");
  CHECK(to_string(zeros({0})) == "[]");
  CHECK(to_string(zeros({2, 0})) == "[]");
  CHECK(to_string(Tensor()) == "undefined");
  std::ostringstream stream;
  stream << tensor({1, 2}) << '!';
  CHECK(stream.str() == "[1 2]!");
}

TEST_CASE("of more than a thousand numbers, axes of up to six are shown whole") {
  const auto dots = [](const Shape& shape) {
    return to_string(zeros(shape)).find("...") != std::string::npos;
  };
  CHECK(!dots({1000}));
  CHECK(dots({1001}));
  CHECK(!dots({6, 6, 6, 6}));  // 1296
  CHECK(dots({7, 6, 6, 6}));
  const std::string shown = to_string(zeros({6, 200}));
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 5);
}

TEST_CASE("the precision of a stream is that of NumPy's print options") {
  const auto shown = [](int precision, const Tensor& x) {
    std::ostringstream stream;
    stream << std::setprecision(precision) << x;
    return stream.str();
  };
  const Tensor x = tensor({0.123456, 10.5, 2.0 / 3}, Dtype::float64);
  CHECK(shown(3, x) == "[ 0.123 10.5    0.667]");
  CHECK(shown(0, x) == "[ 0. 10.  1.]");
  CHECK(shown(3, tensor({{1e-7, 123.456789}}, Dtype::float64)) == "[[1.000e-07 1.235e+02]]");
  CHECK(shown(12, tensor({1.0 / 3, 2.0}, Dtype::float64)) == "[0.333333333333 2.            ]");
  CHECK(shown(12, tensor({1.0 / 3, 2.0})) == "[0.33333334 2.        ]");
  CHECK(shown(3, tensor(2.0 / 3, Dtype::float64)) == "0.667");
  CHECK(shown(2, tensor(1.2345e-9, Dtype::float64)) == "1.23e-09");
  CHECK(shown(2, tensor({123456, 7})) == "[123456      7]");
  CHECK(shown(6, x) == to_string(x));  // that of a new stream
  CHECK(shown(-1, x) == shown(0, x));
  std::ostringstream stream;
  stream << tensor(2.0 / 3, Dtype::float64);
  CHECK(stream.str() == "0.6666666666666666");
}

TEST_CASE("a dtype prints its name") {
  std::ostringstream text;
  text << Dtype::float32 << ' ' << Dtype::boolean;
  CHECK(text.str() == "float32 boolean");
}
