#include <algorithm>
#include <cmath>
#include <limits>

#include <xtape/core/body.hpp>
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
    const bool whole = number_ >= -0x1p63 && number_ < 0x1p63 && std::trunc(number_) == number_;
    if (is_floating() ? !whole : exceeds_int64()) [[unlikely]]
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

void Number::check_kept(const char* op, Dtype dtype) const {
  check(op, dtype);
  if (dtype == Dtype::float32 && number_ != 0 && static_cast<float>(number_) == 0)
    fail(op, dtype, *this);
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

namespace detail {

/// A floating number lies twice in the memory: as an element of the default dtype, which is what
/// operations see that know nothing of numbers, and exactly behind it.
Tensor number_tensor(const Number& number) {
  if (!number.is_floating()) {
    Tensor y = constant("tensor", {}, number, number.dtype());
    y.body().number = true;
    return y;
  }
  const auto value = number.as<double>("tensor");
  const auto rounded = static_cast<float>(value);
  const bool fits = std::isinf(value) || !std::isinf(rounded);
  Tensor y = make_tensor({2}, Dtype::float64, "tensor");
  Body& body = y.body();
  body.shape = {};
  body.strides = {};
  body.size = 1;
  body.number = true;
  body.elements<double>()[0] = body.elements<double>()[1] = value;
  if (fits && default_dtype() == Dtype::float32) {
    body.dtype = Dtype::float32;
    *body.elements<float>() = rounded;
  }
  return y;
}

Number number_of(const Body& body) {
  switch (body.dtype) {
    case Dtype::boolean: return *body.elements<bool>();
    case Dtype::int64: return *body.elements<std::int64_t>();
    default: return body.elements<double>()[body.number ? 1 : 0];
  }
}

const Tensor& beside(const char* op, const Tensor& value, Dtype other, Tensor& adapted) {
  if (!value.body().number) return value;
  const Number number = number_of(value.body());
  return adapted = constant(op, {}, number, number.dtype_beside(other));
}

Dtype dtype_of_all(std::span<const Tensor> tensors) {
  Dtype numbers = Dtype::boolean, others = Dtype::boolean;
  bool alone = true;
  for (const Tensor& tensor : tensors) {
    const bool number = tensor.body().number;
    alone = alone && number;
    if (number) numbers = std::max(numbers, tensor.dtype());
    if (!number) others = promote(others, tensor.dtype());
  }
  return alone ? numbers : others;
}

}  // namespace detail
}  // namespace xtape
