#include <algorithm>

#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/layout.hpp>

// Signals: correlations and Fourier transforms. Complex numbers are pairs along the last axis.
namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

/// y_i = sum over j of x_(i + j - before) v_j: a matrix of the windows of x times v.
void correlate(OnnxStep& s) {
  const std::int64_t n = s.extent(0, -1), taps = s.extent(1, -1);
  const std::int64_t before = s.attributes().integer("before");
  const std::int64_t count = s.attributes().integer("count");
  const std::int64_t margin = std::max<std::int64_t>(0, before);
  const std::int64_t behind = std::max<std::int64_t>(0, count + taps - 1 - before - n);
  const auto rank = static_cast<std::size_t>(s.rank(0));
  Integers margins(2 * rank), places;
  margins[rank - 1] = margin;
  margins.back() = behind;
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = 0; j < taps; ++j) places.push_back(i + j - before + margin);
  const string padded = s("Pad", s.in(0), s.integers(margins), s.number(0));
  const string windows = s.node("Gather", {padded, s.constant(from_vector(places, {count, taps}))},
                                {{"axis", std::int64_t{-1}}});
  const string column = s("Unsqueeze", s.in(1), s.integers({-1}));
  s.give(s("Squeeze", s("MatMul", windows, column), s.integers({-1})));
}

string transform(OnnxStep& s, const string& x, std::int64_t axis, bool inverse, bool half = false) {
  return s.node("DFT", {x},
                {{"axis", axis},
                 {"inverse", std::int64_t{inverse ? 1 : 0}},
                 {"onesided", std::int64_t{half ? 1 : 0}}});
}
/// The inverse of ONNX is divided by n, ours is not.
string inverse_transform(OnnxStep& s, const string& x, std::int64_t axis, std::int64_t n) {
  return s("Mul", transform(s, x, axis, true), s.number(static_cast<double>(n)));
}
void fourier(OnnxStep& s) {
  const std::int64_t axis = s.attributes().integer("axis"), n = s.extent(0, axis);
  s.give(s.attributes().flag("inverse") ? inverse_transform(s, s.in(0), axis, n)
                                        : transform(s, s.in(0), axis, false));
}

/// 2 for those of the first n / 2 + 1 numbers that stand for two, else 1; none if all are 1.
string twice(OnnxStep& s, const string& x, std::int64_t n) {
  if (!s.attributes().flag("doubled")) return x;
  std::vector<double> factors(static_cast<std::size_t>(n / 2 + 1), 2);
  factors[0] = 1;
  if (n % 2 == 0) factors.back() = 1;
  return s("Mul", x, s.constant(from_vector(factors, {n / 2 + 1, 1}).to(s.y().dtype)));
}
void real_fourier(OnnxStep& s) {
  const string pairs = s("Unsqueeze", s.in(0), s.integers({-1}));
  s.give(twice(s, transform(s, pairs, s.rank(0) - 1, false, true), s.attributes().integer("n")));
}
/// The real part of the inverse transform of those numbers, and zeros in the place of the others.
void back_to_real(OnnxStep& s) {
  const std::int64_t n = s.attributes().integer("n"), axis = s.rank(0) - 2;
  const auto rank = static_cast<std::size_t>(s.rank(0));
  Integers margins(2 * rank);
  margins[2 * rank - 2] = n - (n / 2 + 1);
  const string all = s("Pad", twice(s, s.in(0), n), s.integers(margins), s.number(0));
  const string y = inverse_transform(s, all, axis, n);
  s.give(s.node("Gather", {y, s.constant(tensor(0))}, {{"axis", std::int64_t{-1}}}));
}

/// Elements of the last axis, as an axis.
string picked(OnnxStep& s, const string& x, const Integers& places) {
  return s.node("Gather", {x, s.integers(places)}, {{"axis", std::int64_t{-1}}});
}
void complex_multiply(OnnxStep& s) {
  const string a = picked(s, s.in(0), {0}), b = picked(s, s.in(0), {1}),
               c = picked(s, s.in(1), {0}), given = picked(s, s.in(1), {1});
  const string d = s.attributes().flag("conjugate") ? s("Neg", given) : given;
  const string real = s("Sub", s("Mul", a, c), s("Mul", b, d));
  const string imaginary = s("Add", s("Mul", a, d), s("Mul", b, c));
  s.give(s.node("Concat", {real, imaginary}, {{"axis", std::int64_t{-1}}}));
}
void cross(OnnxStep& s) {
  const Integers next{1, 2, 0}, last{2, 0, 1};
  s.give(s("Sub", s("Mul", picked(s, s.in(0), next), picked(s, s.in(1), last)),
           s("Mul", picked(s, s.in(0), last), picked(s, s.in(1), next))));
}

constexpr OnnxRule rules[] = {
    {"correlate", correlate},
    {"fft", fourier},
    {"rfft", real_fourier},
    {"irfft", back_to_real},
    {"complex_multiply", complex_multiply},
    {"cross", cross},
};

}  // namespace

std::span<const OnnxRule> onnx_signals() { return rules; }

}  // namespace xtape::exporting
