#include <algorithm>
#include <ostream>

#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/core/shape.hpp>
#include <xtape/core/wraps.hpp>

namespace xtape {

void detail::append_int64(const char* op, std::vector<std::int64_t>& integers,
                          const Number& integer) {
  integers.push_back(integer.as<std::int64_t>(op));
}

Shape::Shape(std::span<const std::int64_t> extents) {
  if (extents.size() > static_cast<std::size_t>(max_rank)) {
    throw detail::RankError("shape: at most 8 axes are possible; got " +
                            std::to_string(extents.size()));
  }
  rank_ = static_cast<int>(extents.size());
  std::copy(extents.begin(), extents.end(), extents_.begin());
  size();
}

std::int64_t Shape::size() const {
  std::int64_t size = 1;
  bool fits = true, empty = false;
  for (const std::int64_t extent : *this) {
    if (extent < 0)
      throw ShapeError("shape: extents must not be negative; got " + to_string(*this));
    fits = !__builtin_mul_overflow(size, extent, &size) && fits;
    empty = empty || extent == 0;
  }
  if (empty) return 0;
  if (!fits)
    throw ShapeError("shape: the number of elements must fit in int64; got " + to_string(*this));
  return size;
}

void Shape::push_back(std::int64_t extent) { insert(rank_, extent); }

void Shape::insert(int axis, std::int64_t extent) {
  if (rank_ == max_rank)
    throw detail::RankError("shape: at most 8 axes are possible; got one more than " +
                            to_string(*this));
  std::copy_backward(extents_.begin() + axis, extents_.begin() + rank_,
                     extents_.begin() + rank_ + 1);
  ++rank_;
  (*this)[axis] = extent;
}

std::size_t Shape::place_from_end(std::int64_t axis) const {
  return static_cast<std::size_t>(normalize_axis("shape", axis, rank_));
}

void Shape::erase(int axis) {
  std::copy(extents_.begin() + axis + 1, extents_.begin() + rank_, extents_.begin() + axis);
  --rank_;
}

Shape detail::PackedShape::unpacked() const {
  const auto extents = extents_.items();
  Shape shape;
  shape.rank_ = static_cast<int>(extents.size());
  std::copy(extents.begin(), extents.end(), shape.extents_.begin());
  return shape;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(shape[axis]);
  }
  return text + "]";
}

std::ostream& operator<<(std::ostream& stream, const Shape& shape) {
  return stream << to_string(shape);
}

XTAPE_WRAPS Strides row_major_strides(const Shape& shape) {
  Strides strides{};
  std::uint64_t step = 1;  // wraps: beside an extent of 0 the others may be anything
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(step);
    step *= static_cast<std::uint64_t>(shape[axis]);
  }
  return strides;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int offset = longer.rank() - shorter.rank();
  Shape common = longer;
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    std::int64_t& extent = common[axis + offset];
    if (extent == 1) {
      extent = shorter[axis];
    } else if (shorter[axis] != 1 && shorter[axis] != extent) {
      throw ShapeError(std::string(op) +
                       ": shapes must broadcast (be equal or 1, axis by axis from the last); got " +
                       to_string(a) + " and " + to_string(b));
    }
  }
  return common;
}

int normalize_axis(const char* op, std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw IndexError(detail::out_of_range(op, "axis", axis, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

namespace detail {

std::string out_of_range(const char* op, const char* what, std::int64_t value, std::int64_t count) {
  const std::string n = std::to_string(count);
  return std::string(op) + ": " + what +
         (count > 0 ? " must lie in [-" + n + ", " + n + ")" : " must exist, and there is none") +
         "; got " + std::to_string(value);
}

std::int64_t count_of(std::span<const std::int64_t> extents) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : extents) count *= static_cast<std::uint64_t>(extent);
  return static_cast<std::int64_t>(count);
}

}  // namespace detail

}  // namespace xtape
