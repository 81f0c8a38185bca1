#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/rng.hpp>

/// Tables of arguments out of range: counts, sizes and options that are huge, negative, zero or
/// NaN. tests/refusal_coverage.sh holds them complete.
namespace refusals {

inline constexpr std::int64_t least = INT64_MIN, most = INT64_MAX;
inline constexpr std::int64_t no_memory = std::int64_t{1} << 58;  // elements that no machine has
inline constexpr double inf = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

enum class Kind { value, shape, index, memory };

/// One argument: `call` with each of the values throws an error of that kind and text, in which the
/// number stands for each %, or follows; after = it is all of the text.
template <class T>
struct Refusal {
  const char* name;  // "function: argument", or "Options.field"
  Kind kind;
  std::vector<T> values;
  std::function<void(T)> call;
  std::string text;
};
using Counts = std::vector<Refusal<std::int64_t>>;
using Numbers = std::vector<Refusal<double>>;

inline Kind kind_of(const xtape::Error& error) {
  if (dynamic_cast<const xtape::ShapeError*>(&error) != nullptr) return Kind::shape;
  if (dynamic_cast<const xtape::IndexError*>(&error) != nullptr) return Kind::index;
  if (dynamic_cast<const xtape::MemoryError*>(&error) != nullptr) return Kind::memory;
  REQUIRE(dynamic_cast<const xtape::ValueError*>(&error) != nullptr);
  return Kind::value;
}

inline std::string with_number(const std::string& text, const std::string& number) {
  if (text.starts_with('=')) return text.substr(1);
  if (text.find('%') == std::string::npos) return text + number;
  std::string filled;
  for (const char c : text) filled += c == '%' ? number : std::string(1, c);
  return filled;
}

/// Each refusal, with nothing drawn, kept or recorded.
template <class T>
void check(const std::vector<Refusal<T>>& table) {
  for (const Refusal<T>& row : table) {
    for (const T value : row.values) {
      CAPTURE(row.name);
      CAPTURE(value);
      const xtape::Rng before = xtape::default_rng();
      const std::int64_t bytes = xtape::memory::live_bytes(), nodes = xtape::memory::live_nodes();
      std::string text = "(nothing was thrown)";
      try {
        row.call(value);
      } catch (const xtape::Error& error) {
        text = error.what();
        CHECK(kind_of(error) == row.kind);
      }
      CHECK(text == with_number(row.text, xtape::detail::text(value)));
      CHECK(xtape::memory::live_bytes() == bytes);
      CHECK(xtape::memory::live_nodes() == nodes);
      CHECK(xtape::default_rng() == before);
    }
  }
}

/// A row for an axis of a tensor of rank 2, and one for the only number without an axis.
inline Counts of_axis(const char* name,
                      const std::function<void(const xtape::Tensor&, std::int64_t)>& call,
                      std::int64_t axes = 2, bool scalars = true) {
  const xtape::Tensor x = xtape::ones({2, 3}), scalar = xtape::tensor(1.0);
  const std::string op = std::string(name).substr(0, std::string(name).find(':'));
  const std::string n = std::to_string(axes);
  Counts rows{{name,
               Kind::index,
               {axes, -axes - 1, most, least},
               [=](auto axis) { call(x, axis); },
               op + ": axis must lie in [-" + n + ", " + n + "); got "}};
  if (axes == 2 && scalars) {
    rows.push_back({name,
                    Kind::index,
                    {0, -1, most, least},
                    [=](auto axis) { call(scalar, axis); },
                    op + ": axis must exist, and there is none; got "});
  }
  return rows;
}

}  // namespace refusals
