#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/train/hyperparameters.hpp>

namespace xtape {
namespace {

constexpr std::int64_t exact_integers = std::int64_t{1} << 53;  // float64 holds all up to here

[[noreturn]] void fail_kind(std::string_view name, const char* kind,
                            const HyperparameterValue& value) {
  throw ValueError("hyperparameters: " + std::string(name) + " must be " + kind + "; got " +
                   to_string(value));
}

}  // namespace

std::string to_string(const HyperparameterValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  std::array<char, 32> digits;
  const double number = std::get<double>(value);
  return {digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr};
}

Hyperparameters::Hyperparameters(std::initializer_list<Hyperparameter> entries)
    : Hyperparameters(std::vector<Hyperparameter>(entries)) {}

Hyperparameters::Hyperparameters(std::vector<Hyperparameter> entries)
    : entries_(std::move(entries)) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const auto same = [&](const Hyperparameter& other) { return other.name == entry->name; };
    if (std::any_of(entries_.begin(), entry, same)) {
      throw ValueError("hyperparameters: names must differ; got " + entry->name + " twice");
    }
  }
}

const HyperparameterValue& Hyperparameters::operator[](std::string_view name) const {
  std::string names;
  for (const Hyperparameter& entry : entries_) {
    if (entry.name == name) return entry.value;
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  throw ValueError("hyperparameters: the name must be one of " + names + "; got " +
                   std::string(name));
}

double Hyperparameters::number(std::string_view name) const {
  const HyperparameterValue& value = (*this)[name];
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (integer == nullptr) fail_kind(name, "a number", value);
  if (*integer < -exact_integers || *integer > exact_integers) {
    fail_kind(name, "a number that float64 holds", value);
  }
  return static_cast<double>(*integer);
}

std::int64_t Hyperparameters::integer(std::string_view name) const {
  const HyperparameterValue& value = (*this)[name];
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  const auto* number = std::get_if<double>(&value);
  const bool whole = number != nullptr && std::trunc(*number) == *number &&
                     std::abs(*number) <= static_cast<double>(exact_integers);
  if (!whole) fail_kind(name, "an integer", value);
  return static_cast<std::int64_t>(*number);
}

const std::string& Hyperparameters::text(std::string_view name) const {
  const HyperparameterValue& value = (*this)[name];
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  fail_kind(name, "a text", value);
}

bool Hyperparameters::boolean(std::string_view name) const {
  const HyperparameterValue& value = (*this)[name];
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  fail_kind(name, "a truth value", value);
}

std::ostream& operator<<(std::ostream& stream, const Hyperparameters& hyperparameters) {
  const char* separator = "";
  for (const auto& [name, value] : hyperparameters) {
    stream << separator << name << '=' << to_string(value);
    separator = " ";
  }
  return stream;
}

}  // namespace xtape
