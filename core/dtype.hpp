#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Type of a tensor's elements.
enum class Dtype : std::uint8_t { boolean, int64, float32, float64 };

constexpr std::size_t size_of(Dtype dtype) {
  constexpr std::size_t sizes[] = {1, 8, 4, 8};
  return sizes[static_cast<std::size_t>(dtype)];
}

constexpr bool is_floating(Dtype dtype) { return dtype >= Dtype::float32; }

/// "boolean", "int64", "float32" or "float64".
constexpr std::string_view to_string(Dtype dtype) {
  constexpr std::string_view names[] = {"boolean", "int64", "float32", "float64"};
  return names[static_cast<std::size_t>(dtype)];
}

/// Prints that.
std::ostream& operator<<(std::ostream& stream, Dtype dtype);

/// Dtype of an operation on two tensors, as NumPy promotes: int64 with float32 gives float64.
constexpr Dtype promote(Dtype a, Dtype b) {
  const Dtype high = a > b ? a : b;
  const Dtype low = a > b ? b : a;
  return low == Dtype::int64 && high == Dtype::float32 ? Dtype::float64 : high;
}

/// Dtype of floating tensors where none is given: of literals, of what `zeros`, `full`, `linspace`
/// and generators make, of the parameters of layers and of data that are read. float32, unless the
/// program sets another or a guard does on this thread.
[[nodiscard]] Dtype default_dtype() noexcept;

/// Sets the default of the program, for all threads without a guard. Throws DtypeError unless
/// floating.
void set_default_dtype(Dtype dtype);

/// Another default dtype on this thread, and on those that the library starts from it, while it
/// lives. Throws DtypeError unless floating.
class DefaultDtypeGuard {
 public:
  [[nodiscard]] explicit DefaultDtypeGuard(Dtype dtype);
  ~DefaultDtypeGuard();
  DefaultDtypeGuard(const DefaultDtypeGuard&) = delete;
  DefaultDtypeGuard& operator=(const DefaultDtypeGuard&) = delete;

 private:
  friend Dtype default_dtype() noexcept;
  Dtype dtype_;
  mutable DefaultDtypeGuard* outer_;
};

namespace detail {
template <class T>
struct DtypeOf {
  static_assert(sizeof(T) == 0, "a tensor's elements are bool, std::int64_t, float or double");
  static constexpr Dtype value{};
};
template <>
struct DtypeOf<bool> {
  static constexpr Dtype value = Dtype::boolean;
};
template <>
struct DtypeOf<std::int64_t> {
  static constexpr Dtype value = Dtype::int64;
};
template <>
struct DtypeOf<float> {
  static constexpr Dtype value = Dtype::float32;
};
template <>
struct DtypeOf<double> {
  static constexpr Dtype value = Dtype::float64;
};
}  // namespace detail

/// The Dtype of a C++ element type: bool, std::int64_t, float or double.
template <class T>
inline constexpr Dtype dtype_of = detail::DtypeOf<T>::value;

template <class T>
struct TypeTag {
  using type = T;
};

/// Calls `f(TypeTag<T>{})` with the C++ type of `dtype`.
template <class F>
decltype(auto) visit(Dtype dtype, F&& f) {
  switch (dtype) {
    case Dtype::boolean: return f(TypeTag<bool>{});
    case Dtype::int64: return f(TypeTag<std::int64_t>{});
    case Dtype::float32: return f(TypeTag<float>{});
    default: return f(TypeTag<double>{});
  }
}

}  // namespace xtape

XTAPE_EXPORT_END
