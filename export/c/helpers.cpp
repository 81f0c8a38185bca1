#include <array>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

/// 1 / (1 + exp(-a)), from the side where exp does not overflow.
const char* const sigmoid =
    "static $t sigmoid$s($t a) {\n"
    "  const $t e = exp$s(a < 0 ? a : -a);\n"
    "  return (a < 0 ? e : 1) / (1 + e);\n"
    "}\n\n";
/// What the cast of a processor gives of numbers that int64 does not have, where C says nothing.
const char* const whole =
    "static int64_t whole$s($t a) {\n"
    "  return a >= -0x1p63$u && a < 0x1p63$u ? (int64_t)a : INT64_MIN;\n"
    "}\n\n";
/// a - b floor(a / b), exactly
const char* const floored_remainder =
    "static $t floored_remainder$s($t a, $t b) {\n"
    "  $t r = fmod$s(a, b);\n"
    "  if ((r < 0 && b > 0) || (r > 0 && b < 0)) r += b;\n"
    "  return r == 0 ? copysign$s(r, b) : r;\n"
    "}\n\n";
/// floor(a / b): of great ones the first quotient may lack the last digit.
const char* const floored_quotient =
    "static $t floored_quotient$s($t a, $t b) {\n"
    "  const $t r = fmod$s(a, b), first = rint$s((a - r) / b);\n"
    "  const $t missing = rint$s((fma$s(-first, b, a) - r) / b);\n"
    "  $t q = fabs$s(missing) < 4 ? first + missing : first;\n"
    "  if ((r < 0 && b > 0) || (r > 0 && b < 0)) q -= 1;\n"
    "  return b == 0 ? a / b : q == 0 ? copysign$s(q, a / b) : q;\n"
    "}\n\n";
/// By 0 they are 0, and -1 leaves nothing.
const char* const remainder_of_integers =
    "static int64_t floored_remainderi(int64_t a, int64_t b) {\n"
    "  const int64_t r = b == 0 || b == -1 ? 0 : a % b;\n"
    "  return (r < 0 && b > 0) || (r > 0 && b < 0) ? r + b : r;\n"
    "}\n\n";
const char* const quotient_of_integers =
    "static int64_t floored_quotienti(int64_t a, int64_t b) {\n"
    "  if (b == 0) return 0;\n"
    "  if (b == -1) return (int64_t)(0 - (uint64_t)a);\n"
    "  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);\n"
    "}\n\n";

/// Wraps around.
const char* const power_of_integers =
    "static int64_t poweri(int64_t a, int64_t b) {\n"
    "  uint64_t y = 1;\n"
    "  for (uint64_t square = (uint64_t)a; b > 0; b >>= 1, square *= square)\n"
    "    if (b & 1) y *= square;\n"
    "  return (int64_t)y;\n"
    "}\n\n";
/// log of the normal distribution's share below a. Far below by the series of Abramowitz and
/// Stegun, 26.2.12.
const char* const log_ndtr =
    "static $t log_ndtr$s($t a) {\n"
    "  const $t half = 0x1p-1$u, root = 0x1.6a09e667f3bcdp-1$u;\n"
    "  if (a > -1) return log1p$s(-half * erfc$s(a * root));\n"
    "  if (!(a < -$far$u)) return log$s(half * erfc$s(-a * root));\n"
    "  const $t r = 1 / (a * a);\n"
    "  const $t sum = -r * (1 - r * (3 - r * (15 - r * 105)));\n"
    "  return -half * a * a - log$s(-a) - 0x1.d67f1c864beb5p-1$u + log1p$s(sum);\n"
    "}\n\n";
/// NaN counts as greatest.
const char* const below =
    "static int below$s($t a, $t b) {\n"
    "  return $below;\n"
    "}\n\n";
/// The places of n numbers in order, by a heap.
const char* const sorted_places =
    "static int sorted_places$s_first(const $t* x, int64_t i, int64_t j, int down) {\n"
    "  const $t a = x[i], b = x[j];\n"
    "  const int less = $below, more = $above;\n"
    "  return less || more ? (down ? more : less) : i < j;\n"
    "}\n"
    "static void sorted_places$s_sift(const $t* x, int64_t* place, int at, int n, int down) {\n"
    "  const int64_t moved = place[at];\n"
    "  for (int next = 2 * at + 1; next < n; next = 2 * at + 1) {\n"
    "    if (next + 1 < n && sorted_places$s_first(x, place[next], place[next + 1], down)) "
    "++next;\n"
    "    if (!sorted_places$s_first(x, moved, place[next], down)) break;\n"
    "    place[at] = place[next];\n"
    "    at = next;\n"
    "  }\n"
    "  place[at] = moved;\n"
    "}\n"
    "static void sorted_places$s(const $t* x, int64_t* place, int n, int down) {\n"
    "  for (int i = 0; i < n; ++i) place[i] = i;\n"
    "  for (int i = n / 2; i > 0; --i) sorted_places$s_sift(x, place, i - 1, n, down);\n"
    "  for (int i = n - 1; i > 0; --i) {\n"
    "    const int64_t last = place[i];\n"
    "    place[i] = place[0];\n"
    "    place[0] = last;\n"
    "    sorted_places$s_sift(x, place, 0, i, down);\n"
    "  }\n"
    "}\n\n";

/// A helper for a dtype, whose functions end so.
CHelper of_float(const std::string& name, const char* text) {
  return {name + "f", filled(text, {{"t", "float"},
                                    {"s", "f"},
                                    {"u", "F"},
                                    {"far", "0x1.4p+3"},
                                    {"below", "a < b || (b != b && a == a)"},
                                    {"above", "b < a || (a != a && b == b)"}})};
}
CHelper of_double(const std::string& name, const char* text) {
  return {name, filled(text, {{"t", "double"},
                              {"s", ""},
                              {"u", ""},
                              {"far", "0x1.ep+4"},
                              {"below", "a < b || (b != b && a == a)"},
                              {"above", "b < a || (a != a && b == b)"}})};
}
/// Which are equal to themselves, as compilers know.
CHelper of_integer(const std::string& name, const char* text) {
  return {name + "i",
          filled(text, {{"t", "int64_t"}, {"s", "i"}, {"below", "a < b"}, {"above", "b < a"}})};
}

}  // namespace

std::span<const CHelper> c_helpers() {
  static const std::array all{of_float("sigmoid", sigmoid),
                              of_double("sigmoid", sigmoid),
                              of_float("whole", whole),
                              of_double("whole", whole),
                              of_float("floored_remainder", floored_remainder),
                              of_double("floored_remainder", floored_remainder),
                              CHelper{"floored_remainderi", remainder_of_integers},
                              of_float("floored_quotient", floored_quotient),
                              of_double("floored_quotient", floored_quotient),
                              CHelper{"floored_quotienti", quotient_of_integers},
                              CHelper{"poweri", power_of_integers},
                              of_float("log_ndtr", log_ndtr),
                              of_double("log_ndtr", log_ndtr),
                              of_float("below", below),
                              of_double("below", below),
                              of_integer("below", below),
                              of_float("sorted_places", sorted_places),
                              of_double("sorted_places", sorted_places),
                              of_integer("sorted_places", sorted_places)};
  return all;
}

}  // namespace xtape::exporting
