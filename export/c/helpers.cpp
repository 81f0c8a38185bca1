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

CHelper of_float(const std::string& name, const char* text) {
  return {name + "f", filled(text, {{"t", "float"}, {"s", "f"}, {"u", "F"}})};
}
CHelper of_double(const std::string& name, const char* text) {
  return {name, filled(text, {{"t", "double"}, {"s", ""}, {"u", ""}})};
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
                              CHelper{"floored_quotienti", quotient_of_integers}};
  return all;
}

}  // namespace xtape::exporting
