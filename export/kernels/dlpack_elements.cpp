#include <cstring>

#include <xtape/core/body.hpp>
#include <xtape/data/kernels/widen.hpp>
#include <xtape/export/kernels/dlpack_elements.hpp>

namespace xtape::exporting {
namespace {

using data::kernels::Bfloat16;
using data::kernels::Half;

struct Truth {
  std::uint8_t byte;
  bool operator+() const { return byte != 0; }
};

template <class T>
struct Type {
  using Number = T;
};

/// f(Type<T>) with the type of the elements; `otherwise` if it is none of ours.
template <class Result, class F>
Result of_type(dlpack::DataType type, Result otherwise, F f) {
  if (type.lanes != 1) return otherwise;
  switch (type.code * 256 + type.bits) {
    case dlpack::integer * 256 + 8: return f(Type<std::int8_t>());
    case dlpack::integer * 256 + 16: return f(Type<std::int16_t>());
    case dlpack::integer * 256 + 32: return f(Type<std::int32_t>());
    case dlpack::integer * 256 + 64: return f(Type<std::int64_t>());
    case dlpack::natural * 256 + 8: return f(Type<std::uint8_t>());
    case dlpack::natural * 256 + 16: return f(Type<std::uint16_t>());
    case dlpack::natural * 256 + 32: return f(Type<std::uint32_t>());
    case dlpack::natural * 256 + 64: return f(Type<std::uint64_t>());
    case dlpack::floating * 256 + 16: return f(Type<Half>());
    case dlpack::floating * 256 + 32: return f(Type<float>());
    case dlpack::floating * 256 + 64: return f(Type<double>());
    case dlpack::bfloat * 256 + 16: return f(Type<Bfloat16>());
    case dlpack::boolean * 256 + 8: return f(Type<Truth>());
    default: return otherwise;
  }
}

template <class From>
constexpr Dtype holder() {
  if constexpr (std::is_same_v<From, Truth>)
    return Dtype::boolean;
  else if constexpr (std::is_integral_v<From>)
    return Dtype::int64;
  else if constexpr (std::is_same_v<From, double>)
    return Dtype::float64;
  else
    return Dtype::float32;
}

/// f(element) for all elements in row-major order, as long as it gives true.
template <class From, class F>
bool each(const std::byte* first, const Shape& shape, const Strides& strides, F f) {
  std::array<std::int64_t, max_rank> index{};
  std::int64_t place = 0;
  for (std::int64_t left = shape.size(); left > 0; --left) {
    From element;
    std::memcpy(&element, first + place * std::int64_t{sizeof(From)}, sizeof element);
    if (!f(element)) return false;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const auto at = static_cast<std::size_t>(axis);
      place += strides[at];
      if (++index[at] < shape[axis]) break;
      place -= strides[at] * shape[axis];
      index[at] = 0;
    }
  }
  return true;
}

template <class From>
bool fits(From element) {
  if constexpr (std::is_same_v<From, Truth>)
    return element.byte <= 1;
  else if constexpr (std::is_same_v<From, std::uint64_t>)
    return element <= std::uint64_t{INT64_MAX};
  else
    return true;
}

}  // namespace

std::optional<Dtype> holder_of(dlpack::DataType type) {
  return of_type(type, std::optional<Dtype>(),
                 [](auto of) { return std::optional(holder<typename decltype(of)::Number>()); });
}

bool gather(dlpack::DataType type, const std::byte* first, const Strides& strides,
            const Tensor& y) {
  return of_type(type, false, [&](auto of) {
    using From = typename decltype(of)::Number;
    return visit(holder<From>(), [&]<class To>(TypeTag<To>) {
      To* to = y.body().elements<To>();
      return each<From>(first, y.shape(), strides, [&](From element) {
        if (!fits(element)) return false;
        *to++ = static_cast<To>(+element);
        return true;
      });
    });
  });
}

bool are_truths(const std::byte* first, const Shape& shape, const Strides& strides) {
  return each<Truth>(first, shape, strides, fits<Truth>);
}

}  // namespace xtape::exporting
