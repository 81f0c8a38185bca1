#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/tensor.hpp>

// NumPy's str() of an array with its default options: `precision=8, floatmode="maxprec",
// threshold=1000, edgeitems=3, linewidth=75`.

namespace xtape {
namespace {

constexpr int usual_precision = 8;
constexpr std::int64_t threshold = 1000;
constexpr std::int64_t edge_items = 3;
constexpr std::size_t line_width = 75;
constexpr std::int64_t gap = -1;  // stands for the indices left out

using Texts = std::vector<std::string>;

/// d.ddd x 10^exponent. The fewest digits that tell the value from its neighbours, or as many as
/// were asked for.
struct Decimal {
  std::string digits;
  int exponent;
  bool negative;

  int fraction() const { return static_cast<int>(digits.size()) - 1; }
};

Decimal parse(const char* begin, const char* end) {
  Decimal decimal{"", 0, *begin == '-'};
  const char* const e = std::find(begin, end, 'e');
  for (const char* c = begin; c != e; ++c) {
    if (*c >= '0' && *c <= '9') decimal.digits += *c;
  }
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, decimal.exponent);
  return decimal;
}

template <class T, class... Precision>
Decimal to_decimal(T value, Precision... digits) {
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.begin(), text.end(), value, std::chars_format::scientific, digits...).ptr;
  return parse(text.begin(), end);
}

void drop_trailing_zeros(std::string& digits) {
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
}

/// The shortest decimal, rounded to at most `fraction` digits behind the point of its d.ddd form.
template <class T>
Decimal rounded(T value, int fraction) {
  Decimal decimal = to_decimal(value);
  if (decimal.fraction() <= fraction) return decimal;
  decimal = to_decimal(value, fraction);
  drop_trailing_zeros(decimal.digits);
  return decimal;
}

/// Exactly `fraction` digits behind the point of the d.ddd form.
template <class T>
Decimal with_fraction(T value, int fraction) {
  const Decimal decimal = to_decimal(value);
  return decimal.fraction() == fraction ? decimal : to_decimal(value, fraction);
}

/// What stands before and behind the point.
struct Parts {
  std::string integer, fraction;
};

/// Without an exponent and with at most `digits` digits behind the point.
template <class T>
Parts positional(T value, int digits) {
  Decimal decimal = to_decimal(value);
  if (decimal.fraction() - decimal.exponent >
      digits) {  // more digits than wanted: as many as remain, which may be none
    std::array<char, 512> text;
    const auto end =
        std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, digits).ptr;
    const auto point = std::find(text.begin(), end, '.');
    Parts parts{std::string(text.begin(), point), std::string(std::min(point + 1, end), end)};
    while (!parts.fraction.empty() && parts.fraction.back() == '0') parts.fraction.pop_back();
    return parts;
  }
  const int zeros_before = std::max(0, -decimal.exponent);
  const int zeros_behind = std::max(0, decimal.exponent - decimal.fraction());
  const std::string all = std::string(static_cast<std::size_t>(zeros_before), '0') +
                          decimal.digits + std::string(static_cast<std::size_t>(zeros_behind), '0');
  const auto point = static_cast<std::size_t>(std::max(0, decimal.exponent)) + 1;
  Parts parts{(decimal.negative ? "-" : "") + all.substr(0, point), all.substr(point)};
  if (parts.fraction == "0") parts.fraction.clear();
  return parts;
}

std::string exponent_text(int exponent) {
  const std::string digits = std::to_string(std::abs(exponent));
  return std::string(exponent < 0 ? "e-" : "e+") + (digits.size() < 2 ? "0" : "") + digits;
}

std::string scientific_text(const Decimal& decimal) {
  return (decimal.negative ? "-" : "") + decimal.digits.substr(0, 1) + "." +
         decimal.digits.substr(1);
}

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string special_text(double value) {
  return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

/// The elements of a floating array, in one common form: with exponents if the magnitudes are far
/// apart.
template <class T>
class FloatingColumn {
 public:
  FloatingColumn(const std::vector<T>& values, int precision) : precision_(precision) {
    std::vector<T> finite;
    std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
                 [](T x) { return std::isfinite(x); });
    exponents_ = need_exponents(finite);
    for (const T value : finite) exponents_ ? measure_scientific(value) : measure_positional(value);
    if (exponents_) behind_ = static_cast<std::size_t>(digits_) + exponent_width_;
    for (const T value : values) {
      if (std::isfinite(value)) continue;
      const std::size_t width = special_text(value).size();
      if (width > before_ + behind_ + 1) before_ = width - behind_ - 1;
    }
  }

  std::string operator()(T value) const {
    if (!std::isfinite(value)) return padded(special_text(value), before_ + 1 + behind_);
    if (!exponents_) {
      const Parts parts = positional(value, precision_);
      return padded(parts.integer, before_) + "." + parts.fraction +
             std::string(behind_ - parts.fraction.size(), ' ');
    }
    const Decimal decimal = with_fraction(value, digits_);
    const std::string exponent = exponent_text(decimal.exponent);
    const std::string zeros(exponent_width_ - exponent.size(), '0');
    return padded(scientific_text(decimal), before_ + 1 + static_cast<std::size_t>(digits_)) +
           exponent.substr(0, 2) + zeros + exponent.substr(2);
  }

 private:
  static bool need_exponents(const std::vector<T>& finite) {
    constexpr T greatest = std::is_same_v<T, float> ? T{1e6} : T{1e8};
    T low = std::numeric_limits<T>::infinity(), high = 0;
    for (const T value : finite) {
      if (value == 0) continue;
      low = std::min(low, std::abs(value));
      high = std::max(high, std::abs(value));
    }
    return high > 0 && (high >= greatest || low < T(0.0001) || high / low > 1000);
  }

  void measure_scientific(T value) {
    const Decimal decimal = rounded(value, precision_);
    before_ = std::max(before_, std::size_t{decimal.negative ? 2U : 1U});
    digits_ = std::max(digits_, decimal.fraction());
    exponent_width_ = std::max(exponent_width_, exponent_text(decimal.exponent).size());
  }

  void measure_positional(T value) {
    const Parts parts = positional(value, precision_);
    before_ = std::max(before_, parts.integer.size());
    behind_ = std::max(behind_, parts.fraction.size());
  }

  int precision_;
  bool exponents_ = false;
  std::size_t before_ = 0, behind_ = 0;  // widths on both sides of the point
  int digits_ = 0;                       // behind the point of d.ddd
  std::size_t exponent_width_ = 0;       // of "e+00"
};

Texts format(const std::vector<std::int64_t>& values, int) {
  Texts texts;
  std::size_t width = 0;
  for (const std::int64_t value : values) {
    texts.push_back(std::to_string(value));
    width = std::max(width, texts.back().size());
  }
  for (std::string& text : texts) text = padded(text, width);
  return texts;
}

Texts format(const std::vector<bool>& values, int) {
  Texts texts;
  for (const bool value : values) texts.push_back(value ? " True" : "False");
  return texts;
}

template <class T>
Texts format(const std::vector<T>& values, int precision) {
  const FloatingColumn<T> column(values, precision);
  Texts texts;
  for (const T value : values) texts.push_back(column(value));
  return texts;
}

/// A number on its own.
std::string scalar_text(bool value, int) { return value ? "True" : "False"; }
std::string scalar_text(std::int64_t value, int) { return std::to_string(value); }
template <class T>
std::string scalar_text(T value, int precision) {
  if (!std::isfinite(value)) return special_text(value);
  constexpr double greatest = std::is_same_v<T, float> ? 1e6 : 1e16;
  const double magnitude = std::abs(static_cast<double>(value));
  if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= greatest)) {
    const Decimal decimal = rounded(value, precision);
    std::string text = scientific_text(decimal);
    if (text.back() == '.') text.pop_back();
    return text + exponent_text(decimal.exponent);
  }
  const Parts parts = positional(value, precision);
  return parts.integer + "." + (parts.fraction.empty() ? "0" : parts.fraction);
}

/// The layout of an array: brackets, line breaks, what is left out.
class Layout {
 public:
  explicit Layout(const Tensor& tensor) : tensor_(tensor) {
    for (int axis = 0; axis < tensor.rank(); ++axis) {
      const std::int64_t extent = tensor.shape()[axis];
      std::vector<std::int64_t>& indices = indices_.emplace_back();
      const bool summarised = tensor.size() > threshold && extent > 2 * edge_items;
      for (std::int64_t i = 0; i < extent; ++i) {
        if (summarised && i == edge_items) {
          indices.push_back(gap);
          i = extent - edge_items;
        }
        indices.push_back(i);
      }
    }
  }

  std::string text(int precision) {
    texts_ = visit(tensor_.dtype(), [&]<class T>(TypeTag<T>) {
      std::vector<T> values;
      collect(0, tensor_.body().elements<T>(), values);
      return format(values, precision);
    });
    return list(0, " ", line_width);
  }

 private:
  template <class T>
  void collect(int axis, const T* element, std::vector<T>& values) const {
    if (axis == tensor_.rank()) return values.push_back(*element);
    const std::int64_t stride = tensor_.body().strides[static_cast<std::size_t>(axis)];
    for (const std::int64_t index : indices_[static_cast<std::size_t>(axis)]) {
      if (index != gap) collect(axis + 1, element + index * stride, values);
    }
  }

  /// `indent` is where the list's own lines begin: below the first item.
  std::string list(int axis, const std::string& indent, std::size_t width) {
    const int axes_left = tensor_.rank() - axis;
    if (axes_left == 1) return row(indent, width);
    const std::string separator(static_cast<std::size_t>(axes_left) - 1, '\n');
    std::string text;
    for (const std::int64_t index : indices_[static_cast<std::size_t>(axis)]) {
      if (!text.empty()) text += separator + indent;
      text += index == gap ? "..." : list(axis + 1, indent + " ", width - 1);
    }
    return "[" + text + "]";
  }

  std::string row(const std::string& indent, std::size_t width) {
    std::string text, line = indent;
    for (const std::int64_t index : indices_.back()) {
      const std::string word = index == gap ? "..." : texts_[next_++];
      if (line.size() + word.size() + 1 > width && line.size() > indent.size()) {
        line.pop_back();  // the blank behind the last word
        while (line.back() == ' ') line.pop_back();
        text += line + "\n";
        line = indent;
      }
      line += word + " ";
    }
    line.pop_back();
    return "[" + (text + line).substr(indent.size()) + "]";
  }

  const Tensor& tensor_;
  std::vector<std::vector<std::int64_t>> indices_;  // shown along each axis
  Texts texts_;                                     // of the elements shown, in order
  std::size_t next_ = 0;
};

/// With at most `precision` digits behind the point; unless it is given, as many as it takes to
/// tell a number on its own from its neighbours.
std::string text_of(const Tensor& tensor, std::optional<int> precision) {
  if (!tensor.defined()) return "undefined";
  if (detail::Watcher::present()) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& to) { to.reads("printing", tensor); });
  if (tensor.size() == 0) return "[]";
  if (tensor.rank() > 0) return Layout(tensor).text(precision.value_or(usual_precision));
  const int digits = precision.value_or(std::numeric_limits<int>::max());
  if (tensor.body().number && is_floating(tensor.dtype()))
    return scalar_text(detail::number_of(tensor.body()).as<double>("print"), digits);
  return visit(tensor.dtype(), [&]<class T>(TypeTag<T>) {
    return scalar_text(*tensor.body().elements<T>(), digits);
  });
}

}  // namespace

std::string to_string(const Tensor& tensor) { return text_of(tensor, {}); }

std::ostream& operator<<(std::ostream& stream, Dtype dtype) { return stream << to_string(dtype); }

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor) {
  constexpr std::streamsize unset = 6;  // what a stream has until somebody sets another
  const std::streamsize set = std::clamp<std::streamsize>(stream.precision(), 0, 1000);
  return stream << text_of(tensor,
                           set == unset ? std::nullopt : std::optional(static_cast<int>(set)));
}

}  // namespace xtape
