#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/packed.hpp>

namespace xtape::data {
namespace {

/// Calls f with a number of the type that integers of that width have.
template <class F>
void visit_width(std::size_t width, bool is_signed, F&& f) {
  if (width == 1 && !is_signed) return f(std::uint8_t());
  if (width == 1) return f(std::int8_t());
  if (width == 2 && !is_signed) return f(std::uint16_t());
  if (width == 2) return f(std::int16_t());
  if (!is_signed) return f(std::uint32_t());
  f(std::int32_t());
}

template <class T>
bool holds(std::int64_t low, std::int64_t high) {
  return low >= std::numeric_limits<T>::min() && high <= std::numeric_limits<T>::max();
}

std::size_t width_for(std::int64_t low, std::int64_t high) {
  if (holds<std::uint8_t>(low, high) || holds<std::int8_t>(low, high)) return 1;
  if (holds<std::uint16_t>(low, high) || holds<std::int16_t>(low, high)) return 2;
  if (holds<std::uint32_t>(low, high) || holds<std::int32_t>(low, high)) return 4;
  throw ValueError("packed: numbers must fit in int32 or uint32; got " +
                   (low < 0 && high > std::numeric_limits<std::int32_t>::max()
                        ? std::to_string(low) + " and " + std::to_string(high)
                        : std::to_string(low < 0 ? low : high)));
}

/// Whether a type has a number: exactly, or, of scaled ones, but for rounding.
template <class To>
bool holds(double number, bool exactly) {
  if constexpr (std::same_as<To, bool>) {
    return number == 0 || number == 1;
  } else if constexpr (std::floating_point<To>) {
    if (!(std::abs(number) <= static_cast<double>(std::numeric_limits<To>::max()))) return false;
    return !exactly || static_cast<double>(static_cast<To>(number)) == number;
  } else {
    return true;  // int64 has all that are packed
  }
}

void check_rows(const Shape& shape) {
  if (shape.rank() == 0) throw ShapeError("packed: an array must have rows; got rank 0");
}

}  // namespace

PackedIntegers::PackedIntegers(std::span<const std::byte> values, std::size_t width, bool is_signed,
                               const Shape& shape)
    : bytes_(std::make_shared<const std::vector<std::byte>>(values.begin(), values.end())),
      width_(width),
      is_signed_(is_signed),
      shape_(shape) {
  check_rows(shape);
  if (values.size() / width != static_cast<std::size_t>(shape.size())) {
    throw ShapeError("packed: there must be as many numbers as elements of " + to_string(shape) +
                     "; got " + std::to_string(values.size() / width));
  }
}

PackedIntegers::PackedIntegers(const Tensor& x) : shape_(x.shape()) {
  check_rows(shape_);
  if (x.dtype() != Dtype::int64 && x.dtype() != Dtype::boolean) {
    throw DtypeError("packed: integers are needed; got " + x.describe());
  }
  const Tensor whole = x.detach().to(Dtype::int64).contiguous();
  const auto numbers = whole.data<std::int64_t>();
  const auto [low, high] = numbers.empty()
                               ? std::pair<std::int64_t, std::int64_t>(0, 0)
                               : std::pair(std::ranges::min(numbers), std::ranges::max(numbers));
  width_ = width_for(low, high);
  is_signed_ = low < 0;
  std::vector<std::byte> bytes(numbers.size() * width_);
  visit_width(width_, is_signed_, [&]<class T>(T) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const T number = static_cast<T>(numbers[i]);  // which holds it
      std::memcpy(bytes.data() + i * sizeof(T), &number, sizeof(T));
    }
  });
  bytes_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

Tensor PackedIntegers::gathered(std::span<const std::int64_t> rows, const Shape& shape,
                                const PackedOptions& options) const {
  detail::check_affine("packed", options.center, options.scale);
  const bool plain = options.center == 0 && options.scale == 1;
  if (!is_floating(options.dtype) && !plain) {
    throw DtypeError("packed: scaled numbers need a floating dtype; got " +
                     std::string(to_string(options.dtype)));
  }
  for (const std::int64_t row : rows) {
    if (row >= -size() && row < size()) continue;
    throw IndexError("packed: a row must lie in [-" + std::to_string(size()) + ", " +
                     std::to_string(size()) + "); got " + std::to_string(row));
  }
  Tensor y = xtape::detail::make_tensor(shape, options.dtype);
  const std::size_t count =
      rows.empty() ? 0 : static_cast<std::size_t>(y.size()) / rows.size();  // of a row
  visit(options.dtype, [&]<class To>(TypeTag<To>) {
    To* to = y.body().elements<To>();
    visit_width(width_, is_signed_, [&]<class From>(From) {
      for (const std::int64_t row : rows) {
        const auto first = static_cast<std::size_t>(row < 0 ? row + size() : row) * count;
        const std::byte* from = bytes_->data() + first * sizeof(From);
        for (std::size_t i = 0; i < count; ++i, from += sizeof(From)) {
          From number;
          std::memcpy(&number, from, sizeof(From));
          // Double holds every number, so that float32 is rounded once.
          const double scaled = (static_cast<double>(number) - options.center) / options.scale;
          if (!holds<To>(scaled, plain)) {
            throw ValueError("packed: numbers must fit in " +
                             std::string(to_string(options.dtype)) + "; got " +
                             std::to_string(number) + " of row " + std::to_string(row));
          }
          if constexpr (std::same_as<To, bool>) {
            *to = number != 0;
          } else if constexpr (std::floating_point<To>) {
            *to = static_cast<To>(scaled);
          } else {
            *to = static_cast<To>(+number);
          }
          ++to;
        }
      }
    });
  });
  return y;
}

Tensor PackedIntegers::row(std::int64_t row, const PackedOptions& options) const {
  Shape shape;
  for (int axis = 1; axis < shape_.rank(); ++axis) shape.push_back(shape_[axis]);
  return gathered(std::span(&row, 1), shape, options);
}

Tensor PackedIntegers::rows(const Tensor& indices, const PackedOptions& options) const {
  if (indices.rank() != 1) {
    throw ShapeError("packed: indices must be [n]; got " + indices.describe());
  }
  if (indices.dtype() != Dtype::int64) {
    throw DtypeError("packed: indices must be int64; got " + indices.describe());
  }
  Shape shape{indices.size()};
  for (int axis = 1; axis < shape_.rank(); ++axis) shape.push_back(shape_[axis]);
  return gathered(indices.to_vector<std::int64_t>(), shape, options);
}

}  // namespace xtape::data
