#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/few.hpp>
#include <xtape/core/number.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Greatest number of axes of a tensor.
inline constexpr int max_rank = 8;

/// Distance between neighbours along each axis, in elements; 0 repeats, negative runs backwards.
using Strides = std::array<std::int64_t, max_rank>;

/// A list of integers, such as a std::vector, std::array or std::span of them. Not one of truth
/// values or of characters, which a text is.
template <class List>
concept IntegerList = requires(const List& list) {
  list.size();
  requires Integer<std::remove_cvref_t<decltype(*list.data())>> && sizeof(*list.data()) > 1;
};

namespace detail {

class PackedShape;

/// Appends it. Throws ValueError, in the name of `op`, if int64 does not hold it.
void append_int64(const char* op, std::vector<std::int64_t>& integers, const Number& integer);

/// The integers of a list. Throws ValueError, in the name of `op`, for one that int64 does not
/// hold.
template <IntegerList List>
auto as_int64(const char* op, const List& list) {
  using Element = std::remove_cvref_t<decltype(*list.data())>;
  if constexpr (std::is_same_v<Element, std::int64_t>) {
    return std::span<const std::int64_t>(list.data(), list.size());
  } else {
    std::vector<std::int64_t> integers;
    for (const Element integer : std::span(list.data(), list.size()))
      append_int64(op, integers, integer);
    return integers;
  }
}

}  // namespace detail

/// Extents of a tensor, outermost axis first. A value without allocation; rank 0 is a scalar.
class Shape {
 public:
  Shape() = default;
  /// From numbers in braces, or a list of them. Throws ShapeError for more than 8 axes, a negative
  /// extent, or more elements than int64 counts.
  Shape(std::initializer_list<std::int64_t> extents)
      : Shape(std::span(extents.begin(), extents.size())) {}
  Shape(std::span<const std::int64_t> extents);
  template <IntegerList List>
  Shape(const List& extents)
      : Shape(std::span<const std::int64_t>(detail::as_int64("shape", extents))) {}

  int rank() const { return rank_; }
  /// The extent of an axis; negative axes count from the last. Throws IndexError.
  std::int64_t operator[](std::int64_t axis) const { return extents_[place(axis)]; }
  std::int64_t& operator[](std::int64_t axis) { return extents_[place(axis)]; }
  const std::int64_t* begin() const { return extents_.data(); }
  const std::int64_t* end() const { return extents_.data() + rank_; }

  /// Number of elements. Throws ShapeError if int64 cannot hold it, or an extent is negative.
  std::int64_t size() const;

  /// Appends an axis behind the last. Throws ShapeError beyond 8 axes.
  void push_back(std::int64_t extent);
  void insert(int axis, std::int64_t extent);
  void erase(int axis);

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i) {
      const auto axis = static_cast<std::size_t>(i);
      if (a.extents_[axis] != b.extents_[axis]) return false;
    }
    return true;
  }

 private:
  std::size_t place(std::int64_t axis) const {
    const auto place = static_cast<std::size_t>(axis);
    return place < static_cast<std::size_t>(rank_) ? place : place_from_end(axis);
  }
  std::size_t place_from_end(std::int64_t axis) const;

  friend class detail::PackedShape;
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// "[300, 64]"
[[nodiscard]] std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& stream, const Shape& shape);

/// Strides of a dense row-major tensor.
[[nodiscard]] Strides row_major_strides(const Shape& shape);

/// The common shape by NumPy's rule: axes are aligned from the last, extents agree or one is 1.
/// Throws ShapeError naming `op`.
[[nodiscard]] Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

/// The axis counted from the front. Throws IndexError unless -rank <= axis < rank.
[[nodiscard]] int normalize_axis(const char* op, std::int64_t axis, int rank);

namespace detail {

/// A shape in fewer bytes, for what there are many of.
class PackedShape {
 public:
  explicit PackedShape(const Shape& shape) : extents_(std::span(shape.begin(), shape.end())) {}
  PackedShape(const PackedShape&) = delete;
  PackedShape& operator=(const PackedShape&) = delete;

  Shape unpacked() const;
  friend bool operator==(const PackedShape& a, const Shape& b) {
    const auto extents = a.extents_.items();
    if (extents.size() != static_cast<std::size_t>(b.rank())) return false;
    for (std::size_t i = 0; i < extents.size(); ++i)
      if (extents[i] != b.begin()[i]) return false;
    return true;
  }

 private:
  Few<std::int64_t, 3> extents_;
};

/// "take: index must lie in [-3, 3); got 5": what is wrong with one of `count` things, counted from
/// either end.
[[nodiscard]] std::string out_of_range(const char* op, const char* what, std::int64_t value,
                                       std::int64_t count);

/// Product of extents, for counts in which 2^64 may be 0: where there are elements, it is exact.
[[nodiscard]] std::int64_t count_of(std::span<const std::int64_t> extents);

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
