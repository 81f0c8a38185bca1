#include <cmath>
#include <limits>

#include <xtape/core/error.hpp>
#include <xtape/core/number.hpp>

namespace xtape {
namespace {

[[noreturn, gnu::cold]] void fail(const char* op, Dtype dtype, const Number& number) {
  throw ValueError(std::string(op) + ": a number must fit in " + std::string(to_string(dtype)) +
                   "; got " + number.text());
}

}  // namespace

Dtype Number::dtype() const {
  switch (kind_) {
    case Kind::boolean: return Dtype::boolean;
    case Kind::floating: return default_dtype();
    default: return Dtype::int64;
  }
}

Dtype Number::dtype_beside(Dtype other) const {
  if (xtape::is_floating(other) || kind_ == Kind::boolean) return other;
  return kind_ == Kind::floating ? Dtype::float64 : Dtype::int64;
}

template <class T>
T Number::as(const char* op) const {
  if constexpr (std::same_as<T, bool>) {
    return number_ != 0;
  } else if constexpr (std::same_as<T, std::int64_t>) {
    if (is_floating() ? !(number_ >= -0x1p63 && number_ < 0x1p63) : exceeds_int64()) [[unlikely]]
      fail(op, Dtype::int64, *this);
    return is_floating() ? static_cast<std::int64_t>(number_) : integer_;
  } else {
    const T rounded = static_cast<T>(number_);
    if (std::isinf(rounded) && !std::isinf(number_)) [[unlikely]]
      fail(op, dtype_of<T>, *this);
    return rounded;
  }
}
template bool Number::as(const char*) const;
template std::int64_t Number::as(const char*) const;
template float Number::as(const char*) const;
template double Number::as(const char*) const;

void Number::check(const char* op, Dtype dtype) const {
  visit(dtype, [&]<class T>(TypeTag<T>) { static_cast<void>(as<T>(op)); });
}

void Number::check_double(long double value) const {
  if (std::isinf(number_) && !std::isinf(value))
    throw ValueError("number: it must fit in float64; got " + detail::text(value));
}

std::string Number::text() const {
  switch (kind_) {
    case Kind::boolean: return integer_ != 0 ? "true" : "false";
    case Kind::integer: return detail::text(integer_);
    case Kind::unsigned_integer: return detail::text(static_cast<std::uint64_t>(integer_));
    default: return detail::text(number_);
  }
}

}  // namespace xtape
