#pragma once
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An integer, a number, a text or a truth value.
using HyperparameterValue = std::variant<std::int64_t, double, std::string, bool>;

/// "64", "0.05" (the fewest digits that tell the number from its neighbours), "adam", "true".
std::string to_string(const HyperparameterValue& value);

struct Hyperparameter {
  std::string name;
  HyperparameterValue value;
  friend bool operator==(const Hyperparameter&, const Hyperparameter&) = default;
};

/// Values by name, in the order given:
/// `Hyperparameters h{{"learning_rate", 0.05}, {"hidden", 64}};`
///
/// A value is read as the kind that is wanted. Each of these functions throws ValueError for a name
/// that is not there, and for a value of another kind.
class Hyperparameters {
 public:
  Hyperparameters() = default;
  /// Throws ValueError for a name given twice.
  Hyperparameters(std::initializer_list<Hyperparameter> entries);
  explicit Hyperparameters(std::vector<Hyperparameter> entries);

  /// A number, or an integer that float64 holds.
  double number(std::string_view name) const;
  /// An integer, or a number without a fraction.
  std::int64_t integer(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  bool boolean(std::string_view name) const;

  const HyperparameterValue& operator[](std::string_view name) const;

  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  friend bool operator==(const Hyperparameters&, const Hyperparameters&) = default;

 private:
  std::vector<Hyperparameter> entries_;
};

/// Prints "learning_rate=0.05 hidden=64".
std::ostream& operator<<(std::ostream& stream, const Hyperparameters& hyperparameters);

}  // namespace xtape

XTAPE_EXPORT_END
