#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include <xtape/data/kernels/claimed_bytes.hpp>
#include <xtape/data/kernels/element.hpp>
#include <xtape/data/kernels/widen.hpp>

namespace xtape::data::kernels {
namespace {

/// A byte that must be 0 or 1.
struct Bool {
  std::uint8_t bits;
  int operator+() const { return bits; }
};

constexpr Element elements[] = {
    {"bool", "BOOL", 1, Dtype::boolean},     {"int8", "I8", 1, Dtype::int64},
    {"int16", "I16", 2, Dtype::int64},       {"int32", "I32", 4, Dtype::int64},
    {"int64", "I64", 8, Dtype::int64},       {"uint8", "U8", 1, Dtype::int64},
    {"uint16", "U16", 2, Dtype::int64},      {"uint32", "U32", 4, Dtype::int64},
    {"uint64", "U64", 8, Dtype::int64},      {"float16", "F16", 2, Dtype::float32},
    {"bfloat16", "BF16", 2, Dtype::float32}, {"float32", "F32", 4, Dtype::float32},
    {"float64", "F64", 8, Dtype::float64}};

/// Calls f with a tag of the type of an element.
template <class F>
auto visit_element(const Element& type, F f) {
  switch (&type - elements) {
    case 0: return f(std::type_identity<Bool>());
    case 1: return f(std::type_identity<std::int8_t>());
    case 2: return f(std::type_identity<std::int16_t>());
    case 3: return f(std::type_identity<std::int32_t>());
    case 4: return f(std::type_identity<std::int64_t>());
    case 5: return f(std::type_identity<std::uint8_t>());
    case 6: return f(std::type_identity<std::uint16_t>());
    case 7: return f(std::type_identity<std::uint32_t>());
    case 8: return f(std::type_identity<std::uint64_t>());
    case 9: return f(std::type_identity<Half>());
    case 10: return f(std::type_identity<Bfloat16>());
    case 11: return f(std::type_identity<float>());
    default: return f(std::type_identity<double>());
  }
}

/// Whether a dtype has a number of a type: an integer exactly, a floating one but for rounding.
template <class From, class To, class Number>
bool holds(Number number) {
  constexpr int bits = std::numeric_limits<Number>::digits;
  if constexpr (std::same_as<From, Bool>) {
    return number <= 1;
  } else if constexpr (std::same_as<From, std::uint64_t> && std::same_as<To, std::int64_t>) {
    return number <= std::uint64_t{INT64_MAX};
  } else if constexpr (std::same_as<From, double> && std::same_as<To, float>) {
    return !(std::abs(number) > std::numeric_limits<float>::max()) || std::isinf(number);
  } else if constexpr (sizeof(From) >= 4 && std::integral<Number> && std::floating_point<To>) {
    if constexpr (bits > std::numeric_limits<To>::digits) {
      constexpr To behind = 2 * static_cast<To>(Number{1} << (bits - 1));
      const To rounded = static_cast<To>(number);
      return rounded < behind && static_cast<Number>(rounded) == number;
    }
  }
  return true;
}

/// A number, scaled, and whether it is one of its type, and the dtype has what it becomes.
template <class From, class To, class Number>
std::pair<double, bool> scaled(Number number, const Affine& affine) {
  const auto wide = static_cast<double>(number);
  const double y = (wide - affine.center) / affine.scale;
  bool held = std::abs(y) <= std::numeric_limits<To>::max() || !std::isfinite(wide);
  if constexpr (std::same_as<From, Bool>) held = held && holds<From, To>(number);
  return {y, held};
}

/// Whether a dtype has what all integers of a type become: those between its ends lie between
/// theirs.
template <class From, class To>
bool all_scaled(const Affine& affine) {
  if constexpr (!std::integral<From>) {
    return false;
  } else {
    using Ends = std::numeric_limits<From>;
    return scaled<From, To>(Ends::min(), affine).second &&
           scaled<From, To>(Ends::max(), affine).second;
  }
}

/// Takes numbers from `read` one by one.
template <class From, class To, class F>
std::size_t copy_each(const F& read, std::size_t count, std::byte* to, const Affine& affine) {
  const auto put = [to](std::size_t i, To number) {
    std::memcpy(to + i * sizeof(To), &number, sizeof(To));
  };
  if constexpr (std::floating_point<To>) {
    if (!affine.plain()) {
      if (all_scaled<From, To>(affine)) {
        for (std::size_t i = 0; i < count; ++i)
          put(i, static_cast<To>((static_cast<double>(+read(i)) - affine.center) / affine.scale));
        return count;
      }
      bool all = true;
      for (std::size_t i = 0; i < count; ++i) {
        const auto [number, held] = scaled<From, To>(+read(i), affine);
        all = all && held;
        put(i, static_cast<To>(held ? number : 0));
      }
      std::size_t i = 0;
      while (!all && scaled<From, To>(+read(i), affine).second) ++i;
      return all ? count : i;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = +read(i);
    if (!holds<From, To>(number)) return i;
    put(i, static_cast<To>(number));
  }
  return count;
}

template <class From, class To>
std::size_t copy(const std::byte* from, std::endian order, std::size_t count, std::byte* to,
                 const Affine& affine) {
  if (order != std::endian::native) {
    const auto read = [&](std::size_t i) { return decode<From>(from + i * sizeof(From), order); };
    return copy_each<From, To>(read, count, to, affine);
  }
  if (std::is_same_v<From, To> && affine.plain()) {
    std::memcpy(to, from, count * sizeof(To));
    return count;
  }
  const auto read = [from](std::size_t i) {
    From number;
    std::memcpy(&number, from + i * sizeof(From), sizeof(From));
    return number;
  };
  return copy_each<From, To>(read, count, to, affine);
}

}  // namespace

const Element& element_named(std::string_view name) {
  return *std::find_if(std::begin(elements), std::end(elements) - 1, [&](const Element& one) {
    return one.name == name || one.short_name == name;
  });
}

const Element& element_of(Dtype dtype) {
  return element_named(dtype == Dtype::boolean ? "bool" : to_string(dtype));
}

CopyElements copy_elements(const Element& from, Dtype to) {
  return visit_element(from, [&]<class From>(std::type_identity<From>) -> CopyElements {
    using Number = decltype(+From());  // promoted
    if constexpr (std::same_as<From, Bool>) {
      if (to == Dtype::boolean) return copy<From, bool>;
    }
    if constexpr (std::integral<Number>) {
      if (to == Dtype::int64) return copy<From, std::int64_t>;
    }
    if (to == Dtype::float32) return copy<From, float>;
    if (to == Dtype::float64) return copy<From, double>;
    return nullptr;
  });
}

std::string element_text(const Element& type, const std::byte* from, std::endian order) {
  return visit_element(type, [&]<class From>(std::type_identity<From>) {
    std::array<char, 32> digits;
    const auto number = +decode<From>(from, order);
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return std::string(digits.data(), end);
  });
}

}  // namespace xtape::data::kernels
