#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <xtape/report/axis.hpp>

namespace xtape::report::detail {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
double nice_step(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::string number(double value, std::chars_format format, int digits) {
  std::array<char, 400> text;
  return {text.data(), std::to_chars(text.begin(), text.end(), value, format, digits).ptr};
}

/// "2.50e+06" as "2.5e6"
std::string shortened(const std::string& scientific) {
  const std::size_t e = scientific.find('e');
  std::string digits = scientific.substr(0, e);
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  const bool negative = scientific[e + 1] == '-';
  const std::size_t first = scientific.find_first_not_of('0', e + 2);
  if (first == scientific.npos) return digits;
  return digits + (negative ? "e-" : "e") + scientific.substr(first);
}

int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(value) + 1e-9)); }

}  // namespace

void Range::add(double value, Scale scale) {
  if (!std::isfinite(value) || (scale == Scale::log && value <= 0)) return;
  least = any ? std::min(least, value) : value;
  greatest = any ? std::max(greatest, value) : value;
  any = true;
  whole = whole && value == std::floor(value);
}

bool one_place(double least, double greatest) {
  const double size = std::max(std::abs(least), std::abs(greatest));
  return greatest / 2 - least / 2 <= 1e-13 * size;
}

std::string tick_label(double value, double step) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  const int last = exponent_of(step);
  if (size >= 1e6 || size < 1e-4 || last < -6) {
    const int digits = std::clamp(exponent_of(size) - last, 0, 15);
    return shortened(number(value, std::chars_format::scientific, digits));
  }
  return number(value, std::chars_format::fixed, std::max(-last, 0));
}

Axis::Axis(Scale scale, const Range& range, const Limits& limits, double margin)
    : scale_(scale), whole_(range.any && range.whole) {
  const bool log = scale == Scale::log;
  const double least = range.any ? range.least : log ? 1 : 0;
  const double greatest = range.any ? range.greatest : log ? 10 : 1;
  low_ = limits.low.value_or(std::min(least, limits.high.value_or(least)));
  high_ = limits.high.value_or(std::max(greatest, low_));
  constexpr double most = std::numeric_limits<double>::max();
  constexpr double tiny = std::numeric_limits<double>::denorm_min();
  const auto widen = [&](double low, double high) {
    if (!limits.low) low_ = std::max(low, log ? tiny : -most);
    if (!limits.high) high_ = std::min(high, most);
  };
  if (log) {
    if (high_ / low_ < 1 + 1e-9) widen(low_ / 2, high_ * 2);  // logarithms tell less apart
    const double space = margin * (std::log10(high_) - std::log10(low_));
    widen(low_ * std::pow(10, -space), high_ * std::pow(10, space));
  } else {
    const double size = std::max(std::abs(low_), std::abs(high_));
    const double half = size < 1e-290 ? 1 : size / 10;
    if (one_place(low_, high_) || high_ - low_ < 1e-300) widen(low_ - half, high_ + half);
    const double space = 2 * margin * (high_ / 2 - low_ / 2);
    widen(low_ - space, high_ + space);
  }
  if (!log || single_decade()) set_offset();
}

/// Ticks of a logarithmic axis stand as those of a linear one.
bool Axis::single_decade() const {
  return high_ / low_ < 5 &&
         std::floor(std::log10(high_) + 1e-9) <= std::ceil(std::log10(low_) - 1e-9);
}

/// The roundest number near the axis, if that is short beside its distance from 0.
void Axis::set_offset() {
  const double span = 2 * (high_ / 2 - low_ / 2), middle = low_ / 2 + high_ / 2;
  if (!(std::abs(middle) > 1e5 * span && span > 1e-290)) return;
  for (int power = exponent_of(std::abs(middle)); power >= -300; --power) {
    const double unit = std::pow(10, std::abs(power));
    const double round =
        power < 0 ? std::round(middle * unit) / unit : std::round(middle / unit) * unit;
    if (!(std::abs(round - middle) <= 5 * span)) continue;
    offset_ = round;
    offset_unit_ = std::pow(10, power);
    return;
  }
}

std::string Axis::offset_label() const {
  if (offset_ == 0) return {};
  return (offset_ > 0 ? "+" : "") + tick_label(offset_, offset_unit_);
}

double Axis::share(double value) const {
  if (!std::isfinite(value)) return nan;
  if (scale_ == Scale::linear)
    return (value / 2 - low_ / 2) / (high_ / 2 - low_ / 2);  // halves: their difference is finite
  if (value <= 0) return nan;
  const double low = std::log10(low_);
  return (std::log10(value) - low) / (std::log10(high_) - low);
}

std::vector<Tick> Axis::ticks(double wanted) const {
  if (scale_ == Scale::log) return log_ticks(wanted);
  std::vector<Tick> ticks = linear_ticks(wanted);
  for (; ticks.size() < 2 && wanted < 8; ++wanted)
    ticks = linear_ticks(wanted);  // one tells no scale
  return ticks;
}

std::vector<Tick> Axis::linear_ticks(double wanted) const {
  const double least = 2 * ((high_ / 2 - low_ / 2) / std::max(wanted, 1.0));
  const double step = std::max(nice_step(least), whole_ ? 1.0 : 0.0);
  std::vector<Tick> ticks;
  if (!(step > 1e-300)) return ticks;  // nobody tells such numbers apart
  // The ends of an axis are rounded too.
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double slack = 1e-9 + eps * std::max(std::abs(low_ / step), std::abs(high_ / step));
  const double first = std::ceil((low_ - offset_) / step - slack);
  const double last = std::floor((high_ - offset_) / step + slack);
  for (double i = first; i <= last; ++i) {
    const double at = std::clamp(share(offset_ + i * step), 0.0, 1.0);
    ticks.push_back({at, tick_label(i * step, step)});
  }
  return ticks;
}

std::vector<Tick> Axis::log_ticks(double wanted) const {
  const int first = static_cast<int>(std::ceil(std::log10(low_) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high_) + 1e-9));
  if (single_decade()) return linear_ticks(wanted);
  const auto add = [this](std::vector<Tick>& ticks, double factor, int power) {
    const double value = factor * std::pow(10, power), at = share(value);
    if (at < -1e-9 || at > 1 + 1e-9) return;
    ticks.push_back({at, tick_label(value, std::pow(10, power))});
  };
  std::vector<Tick> ticks;
  const int decades = last - first + 1;
  const int every = std::max(1, static_cast<int>(std::ceil(decades / std::max(wanted, 1.0))));
  for (int power = first - 1; power <= last; ++power) {
    if (power % every != 0) continue;
    add(ticks, 1, power);
    if (decades * 3 > wanted + 3) continue;
    add(ticks, 2, power);
    add(ticks, 5, power);
  }
  return ticks;
}

}  // namespace xtape::report::detail
