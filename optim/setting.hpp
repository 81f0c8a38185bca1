#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// The value of an option as long as nobody gives one:   `Setting<double> decay = Preset{0.0};`
template <class T>
struct Preset {
  T value;
};
template <class T>
Preset(T) -> Preset<T>;

/// What may be given for a T; numbers are no truth values, floating ones no integers.
template <class U, class T>
concept SettingOf = std::convertible_to<U, T> && !(
    std::same_as<T, bool> && !std::same_as<U, bool>)&&!(std::integral<T> && std::floating_point<U>);

/// An option that knows whether it was given. It is written and read like a T:
/// `{.learning_rate = 1}`, `double rate = options.learning_rate`. A copy of a setting that was not
/// given is not given either.
template <class T>
class Setting {
 public:
  template <class U>
  constexpr Setting(Preset<U> preset) : value_(std::move(preset.value)) {}
  template <SettingOf<T> U>
  constexpr Setting(U value) : value_(static_cast<T>(std::move(value))), given_(true) {}

  constexpr operator const T&() const { return value_; }
  constexpr bool given() const { return given_; }

  /// Takes the value of another if none was given.
  constexpr void inherit(const Setting& other) {
    if (!given_) value_ = other.value_;
  }

 private:
  T value_;
  bool given_ = false;
};

/// `options` with all that was not given taken from `defaults`. `Options::fields(options)` is a
/// tuple of references to all settings.
template <class Options>
Options inherited(Options options, const Options& defaults) {
  std::apply(
      [&](auto&... own) {
        std::apply([&](const auto&... other) { (own.inherit(other), ...); },
                   Options::fields(defaults));
      },
      Options::fields(options));
  return options;
}

}  // namespace xtape::optim

namespace xtape::detail {

/// "?" for what is no number, truth value, enumeration or text.
template <class T>
std::string setting_text(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return text(value);
  } else if constexpr (std::convertible_to<T, std::string>) {
    return value;
  } else {
    return "?";
  }
}

/// "beta1 0.9" of each setting but learning rate, decay and schedule; without `Options::names`,
/// "option 3 0.9".
template <class Options>
std::vector<std::string> setting_lines(const Options& options) {
  std::vector<std::string> lines;
  std::size_t place = 0;
  const auto add = [&]<class T>(const optim::Setting<T>& setting) {
    std::string name = "option " + std::to_string(place + 1);
    if constexpr (requires { Options::names[0]; }) {
      static_assert(std::tuple_size_v<decltype(Options::fields(options))> == Options::names.size());
      name = Options::names[place];
    }
    ++place;
    const auto* own = static_cast<const void*>(&setting);
    if (own == &options.learning_rate || own == &options.decay || own == &options.schedule) return;
    lines.push_back(name + " " + setting_text<T>(setting));
  };
  std::apply([&](const auto&... settings) { (add(settings), ...); }, Options::fields(options));
  return lines;
}

}  // namespace xtape::detail

XTAPE_EXPORT_END
