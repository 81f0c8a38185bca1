#include <algorithm>
#include <string_view>

#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {
namespace {

constexpr std::string_view keywords[] = {
    "auto",   "break",  "case",     "char",   "const",    "continue", "default", "do",
    "double", "else",   "enum",     "extern", "float",    "for",      "goto",    "if",
    "inline", "int",    "long",     "main",   "register", "restrict", "return",  "short",
    "signed", "sizeof", "static",   "struct", "switch",   "typedef",  "union",   "unsigned",
    "void",   "while",  "volatile", "asm",    "typeof",   "x",        "y"};

/// Functions of <math.h>, which have variants that end with f and l.
constexpr std::string_view numerical[] = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos",
    "cosh", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "fdim", "floor", "fma", "fmax", "fmin",
    "fmod", "frexp", "hypot", "ilogb", "ldexp", "lgamma", "llrint", "llround", "log", "log10",
    "log1p", "log2", "logb", "lrint", "lround", "modf", "nan", "pow", "nearbyint", "remquo", "rint",
    "round", "remainder", "nextafter", "scalbln", "scalbn", "nexttoward", "sin", "sinh", "sqrt",
    "tan", "tanh", "tgamma", "trunc", "isfinite", "isinf", "isnan", "signbit", "isnormal",
    "fpclassify", "isgreater", "isless", "islessequal", "isunordered", "isgreaterequal",
    "islessgreater", "j0", "j1", "jn", "y0", "y1", "yn", "gamma", "exp10", "pow10", "drem",
    "significand", "scalb", "finite", "signgam", "sincos",
    // of <complex.h>, which compilers know too
    "cabs", "cacos", "cacosh", "carg", "casin", "casinh", "catan", "catanh", "ccos", "ccosh",
    "cexp", "cimag", "clog", "conj", "cpow", "cproj", "creal", "csin", "csinh", "csqrt", "ctan",
    "ctanh"};

/// Other functions that compilers know without a header.
constexpr std::string_view known[] = {
    "abort",     "abs",      "aligned_alloc", "calloc",  "exit",    "free",     "labs",
    "llabs",     "malloc",   "realloc",       "isalnum", "isalpha", "isblank",  "iscntrl",
    "isdigit",   "isgraph",  "islower",       "isprint", "ispunct", "isspace",  "isupper",
    "isxdigit",  "tolower",  "toupper",       "memchr",  "memcmp",  "memcpy",   "memmove",
    "memset",    "strcat",   "strchr",        "strcmp",  "strcpy",  "strcspn",  "strerror",
    "strlen",    "strncat",  "strncmp",       "strncpy", "strpbrk", "strrchr",  "strspn",
    "strstr",    "strtod",   "strtof",        "strtok",  "strtol",  "strtold",  "strtoll",
    "strtoul",   "strtoull", "strxfrm",       "printf",  "fprintf", "scanf",    "fscanf",
    "sprintf",   "sscanf",   "snprintf",      "vprintf", "vscanf",  "vsprintf", "vsscanf",
    "vfprintf",  "vfscanf",  "putchar",       "puts",    "fputs",   "fputc",    "fwrite",
    "vsnprintf", "vfork",    "wcschr",        "wcscmp",  "wcslen",  "wcsncmp",  "wmemchr",
    "wmemcmp",   "wmemcpy",  "wmemmove"};

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}
bool is_letter(char c) { return is_alphanumeric(c) && !(c >= '0' && c <= '9'); }

}  // namespace

bool is_free_in_c(const std::string& name) {
  const bool identifier =
      !name.empty() && is_letter(name[0]) && name.size() <= 63 &&
      std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_'; });
  if (!identifier || among(keywords, name) || among(known, name)) return false;
  const std::string_view stem(name.data(), name.size() - 1);
  const bool variant = name.back() == 'f' || name.back() == 'l';
  if (among(numerical, name) || (variant && among(numerical, stem))) return false;
  // Types and macros of the headers.
  const bool lower = std::ranges::any_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  if (name.ends_with("_t") || (!lower && name.size() > 1)) return false;
  if (std::ranges::find(c_helpers(), name, &CHelper::name) != c_helpers().end()) return false;
  return !name.starts_with("k_") && !name.starts_with("memory_of_") &&
         !name.starts_with("sorted_places");
}

}  // namespace xtape::exporting
