#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A number, or a list of such lists: the argument of `tensor`.
class NestedList {
 public:
  NestedList(std::initializer_list<NestedList> lists);
  template <Arithmetic T>
  NestedList(T value) : number_(value) {}

 private:
  friend Tensor tensor(const NestedList& values, Dtype dtype);
  friend Tensor tensor(const NestedList& values);
  Shape shape() const;
  Dtype dtype() const;
  void append_to(std::vector<Number>& numbers) const;

  std::vector<NestedList> lists_;
  Number number_ = false;
  bool is_list_ = false;
};

/// A tensor of the numbers in nested braces: `tensor({{1.0, 2.0}, {3.0, 4.0}})`, or of one number,
/// of rank 0. Without a dtype: the default one if any number is floating, int64 for integers,
/// boolean for truth values.
/// Throws ShapeError if the lists are ragged, ValueError for a number that the dtype does not hold,
/// 0.5 for int64, see `Number::as`; `tensor({0.5}).to(Dtype::int64)` truncates.
[[nodiscard]] Tensor tensor(const NestedList& values);
[[nodiscard]] Tensor tensor(const NestedList& values, Dtype dtype);

/// Of 0 or 1.
[[nodiscard]] Tensor zeros(const Shape& shape, Dtype dtype = default_dtype());
[[nodiscard]] Tensor ones(const Shape& shape, Dtype dtype = default_dtype());
/// Throws ValueError for a value that the dtype does not hold, see `Number::as`.
[[nodiscard]] Tensor full(const Shape& shape, const Number& value, Dtype dtype = default_dtype());
[[nodiscard]] Tensor zeros_like(const Tensor& x);
[[nodiscard]] Tensor ones_like(const Tensor& x);

/// start, start + step, ... below stop; int64. Throws ValueError for step 0, ShapeError for more
/// elements than int64 counts.
[[nodiscard]] Tensor arange(std::int64_t stop);
[[nodiscard]] Tensor arange(std::int64_t start, std::int64_t stop, std::int64_t step = 1);
/// The same in another dtype: ceil((stop - start) / step) numbers, start + i step; in the default
/// one if any of the numbers given is floating and no dtype is. Throws ValueError unless finite,
/// and where a number does not fit in the dtype.
[[nodiscard]] Tensor arange(double start, double stop, double step, Dtype dtype);
template <class Start, class Stop, class Step = int>
requires(std::floating_point<Start> || std::floating_point<Stop> || std::floating_point<Step>)
    [[nodiscard]] Tensor arange(Start start, Stop stop, Step step = 1) {
  return arange(static_cast<double>(start), static_cast<double>(stop), static_cast<double>(step),
                default_dtype());
}
template <std::floating_point Stop>
[[nodiscard]] Tensor arange(Stop stop) {
  return arange(0, stop);
}

/// `count` numbers evenly spaced from start to stop, both included. Throws ValueError for a
/// negative count, bounds whose distance is not finite, and numbers that the dtype does not hold.
[[nodiscard]] Tensor linspace(double start, double stop, std::int64_t count,
                              Dtype dtype = default_dtype());

/// The identity matrix [n, n], or its first columns [n, columns]. Throws ShapeError for negative
/// extents.
[[nodiscard]] Tensor eye(std::int64_t n, Dtype dtype = default_dtype());
[[nodiscard]] Tensor eye(std::int64_t n, std::int64_t columns, Dtype dtype = default_dtype());

/// The element types of tensors.
template <class T>
concept Element = std::same_as<T, bool> || std::same_as<T, std::int64_t> ||
    std::same_as<T, float> || std::same_as<T, double>;

/// A copy of `values` in row-major order. T is bool, std::int64_t, float or double.
/// Throws ShapeError unless there are as many values as elements.
template <Element T>
[[nodiscard]] Tensor from_span(std::span<const T> values, const Shape& shape);

/// The values of a vector, moved in without a copy. Throws ShapeError unless there are as many as
/// elements.
template <Element T>
[[nodiscard]] Tensor from_vector(std::vector<T>&& values, const Shape& shape);
template <Element T>
[[nodiscard]] Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
  return from_span(std::span<const T>(values), shape);
}
/// The same of rank 1.
template <Element T>
[[nodiscard]] Tensor from_vector(std::vector<T>&& values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return from_vector(std::move(values), shape);
}
template <Element T>
[[nodiscard]] Tensor from_vector(const std::vector<T>& values) {
  return from_vector(values, {static_cast<std::int64_t>(values.size())});
}

// Of what is no element, for the sake of the error.
template <class T>
requires(!Element<T>) Tensor from_vector(const std::vector<T>&, const Shape& = {}) {
  static_assert(Element<T>, "a tensor's elements are bool, std::int64_t, float or double");
  return {};
}

/// A tensor over memory that somebody else owns, without a copy; `release` is called when no tensor
/// needs it any more. The memory is only ever read.
template <Element T>
[[nodiscard]] Tensor from_memory(const T* values, const Shape& shape,
                                 std::function<void()> release = {});
/// The same with the distance, in elements, from one index of each axis to the next; `values` is
/// the element at index 0, whatever lies before it. Throws ShapeError unless there is one for each
/// axis.
template <Element T>
[[nodiscard]] Tensor from_memory(const T* values, const Shape& shape,
                                 std::span<const std::int64_t> strides,
                                 std::function<void()> release = {});

}  // namespace xtape

XTAPE_EXPORT_END
