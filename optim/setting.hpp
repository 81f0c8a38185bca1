#pragma once
#include <concepts>
#include <tuple>
#include <utility>

#include <xtape/config.hpp>

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

XTAPE_EXPORT_END
