#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include <xtape/config.hpp>
#include <xtape/core/dtype.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The types of integers that are taken: those of up to 64 bits, bool among them.
template <class T>
concept Integer = std::integral<T> && sizeof(T) <= 8;

/// The types by which elements are counted: integers, and enumerations that become one, whose names
/// say which column is meant.
template <class T>
concept Countable = Integer<T> ||(std::is_enum_v<T>&& std::convertible_to<T, std::int64_t>);

/// The types of numbers that are taken: integers and floating numbers.
template <class T>
concept Arithmetic = std::floating_point<T> || Integer<T>;

/// A number as it was written, exactly, until it is known which dtype it gets: the one place where
/// numbers become elements. Only for parameters, which numbers of any type convert to.
class Number {
 public:
  /// Throws ValueError for a long double beyond the range of double.
  template <Arithmetic T>
  Number(T value)
      : number_(static_cast<double>(value)),
        integer_(std::integral<T> ? static_cast<std::int64_t>(value) : 0),
        kind_(std::same_as<T, bool>    ? Kind::boolean
              : std::floating_point<T> ? Kind::floating
              : std::is_unsigned_v<T>  ? Kind::unsigned_integer
                                       : Kind::integer) {
    if constexpr (std::same_as<T, long double>) check_double(value);
  }
  /// The integer that the name of an enumeration stands for.
  template <Countable T>
  requires std::is_enum_v<T> Number(T value)
      : Number(static_cast<std::underlying_type_t<T>>(value)) {}

  bool is_floating() const { return kind_ == Kind::floating; }
  /// An integer above 2^63 - 1, which only floating dtypes hold.
  bool exceeds_int64() const { return kind_ == Kind::unsigned_integer && integer_ < 0; }
  /// The dtype of a tensor of this number where none is given: boolean, int64, or for floating
  /// numbers the default dtype.
  Dtype dtype() const;
  /// The dtype that the number takes beside a tensor of dtype `other`: that one if it is floating,
  /// otherwise float64 for a floating number, and int64 for an integer beside truth values.
  Dtype dtype_beside(Dtype other) const;

  /// The number as an element: itself, rounded if T is floating, != 0 if bool; numbers keep their
  /// value or throw. T is bool, std::int64_t, float or double. Throws ValueError in the name of
  /// `op` for a finite number beyond the range of T, and for what is no integer where T is one.
  template <class T>
  T as(const char* op) const;
  /// Throws as `as` does.
  void check(const char* op, Dtype dtype) const;
  /// The same, and for a number that `dtype` takes for 0 though it is not.
  void check_kept(const char* op, Dtype dtype) const;

  /// "0.1", "nan", "18446744073709551615", "true".
  std::string text() const;

  /// Whether the two are alike in kind and in every bit: 0.0 and -0.0 are not.
  bool same(const Number& other) const {
    return kind_ == other.kind_ && integer_ == other.integer_ && bits() == other.bits();
  }
  std::uint64_t bits() const { return std::bit_cast<std::uint64_t>(number_); }

 private:
  enum class Kind : std::uint8_t { boolean, integer, unsigned_integer, floating };

  void check_double(long double value) const;

  double number_;
  std::int64_t integer_;  // the same exactly, if it is one; above 2^63 - 1 less 2^64
  Kind kind_;
};

}  // namespace xtape

XTAPE_EXPORT_END
