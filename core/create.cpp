#include <cmath>
#include <cstring>
#include <memory>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>

namespace xtape {
namespace {

void check_count(const char* op, std::size_t count, const Shape& shape) {
  if (static_cast<std::int64_t>(count) != shape.size()) {
    throw ShapeError(std::string(op) + ": shape " + to_string(shape) + " needs " +
                     std::to_string(shape.size()) + " values; got " + std::to_string(count));
  }
}

/// y[i] = f(i)
template <class F>
Tensor generate(const Shape& shape, Dtype dtype, F f,
                const char* operation = __builtin_FUNCTION()) {
  Tensor y = detail::make_tensor(shape, dtype, operation);
  visit(dtype, [&]<class T>(TypeTag<T>) {
    T* values = y.body().elements<T>();
    for (std::int64_t i = 0; i < y.size(); ++i) values[i] = static_cast<T>(f(i));
  });
  return y;
}

}  // namespace

Shape NestedList::shape() const {
  Shape shape;
  if (!is_list_) return shape;
  shape.push_back(static_cast<std::int64_t>(lists_.size()));
  if (lists_.empty()) return shape;
  const Shape inner = lists_.front().shape();
  for (const NestedList& list : lists_) {
    if (list.shape() != inner) {
      throw ShapeError("tensor: nested lists must be of equal length; got " + to_string(inner) +
                       " and " + to_string(list.shape()));
    }
  }
  for (const std::int64_t extent : inner) shape.push_back(extent);
  return shape;
}

Dtype NestedList::kind() const {
  if (!is_list_) return kind_;
  Dtype kind = lists_.empty() ? Dtype::float32 : lists_.front().kind();
  for (const NestedList& list : lists_) kind = std::max(kind, list.kind());
  return kind;
}

void NestedList::append_to(std::vector<double>& numbers,
                           std::vector<std::int64_t>& integers) const {
  if (!is_list_) {
    numbers.push_back(number_);
    integers.push_back(integer_);
  }
  for (const NestedList& list : lists_) list.append_to(numbers, integers);
}

Tensor tensor(const NestedList& values) { return tensor(values, values.kind()); }

Tensor tensor(const NestedList& values, Dtype dtype) {
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  const Shape shape = values.shape();
  values.append_to(numbers, integers);
  const bool exact = dtype == Dtype::int64 && !is_floating(values.kind());
  return exact ? generate(shape, dtype,
                          [&](std::int64_t i) { return integers[static_cast<std::size_t>(i)]; })
               : generate(shape, dtype,
                          [&](std::int64_t i) { return numbers[static_cast<std::size_t>(i)]; });
}

Tensor zeros(const Shape& shape, Dtype dtype) {
  Tensor y = detail::make_tensor(shape, dtype);
  std::memset(y.body().data, 0, static_cast<std::size_t>(y.size()) * size_of(dtype));
  return y;
}

Tensor ones(const Shape& shape, Dtype dtype) { return full(shape, 1, dtype); }

Tensor full(const Shape& shape, double value, Dtype dtype) {
  return generate(shape, dtype, [value](std::int64_t) { return value; });
}

Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype()); }

Tensor arange(std::int64_t stop) { return arange(0, stop); }

Tensor arange(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) throw ValueError("arange: step must not be 0");
  if (step > 0 ? start >= stop : start <= stop) return zeros({0}, Dtype::int64);
  const auto first = static_cast<std::uint64_t>(start),
             last = static_cast<std::uint64_t>(stop);    // the distance between
  const auto stride = static_cast<std::uint64_t>(step);  // may exceed int64
  const std::uint64_t count =
      step > 0 ? (last - first - 1) / stride + 1 : (first - last - 1) / (0 - stride) + 1;
  if (count > INT64_MAX)
    throw ShapeError("arange: the number of elements must fit in int64; got " +
                     std::to_string(count));
  return generate({static_cast<std::int64_t>(count)}, Dtype::int64, [=](std::int64_t i) {
    return static_cast<std::int64_t>(first + static_cast<std::uint64_t>(i) * stride);
  });
}

Tensor arange(double start, double stop, double step, Dtype dtype) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || !std::isfinite(count) || count > 0x1p62) {
    throw ValueError("arange: a finite number of steps must lead from start to stop; got " +
                     std::to_string(start) + ", " + std::to_string(stop) + " and step " +
                     std::to_string(step));
  }
  return generate({static_cast<std::int64_t>(std::max(0.0, count))}, dtype,
                  [=](std::int64_t i) { return start + static_cast<double>(i) * step; });
}

Tensor linspace(double start, double stop, std::int64_t count, Dtype dtype) {
  if (count < 0)
    throw ValueError("linspace: count must not be negative; got " + std::to_string(count));
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  return generate({count}, dtype, [=](std::int64_t i) {
    return i > 0 && i == count - 1 ? stop : start + static_cast<double>(i) * step;
  });
}

Tensor eye(std::int64_t n, Dtype dtype) { return eye(n, n, dtype); }

Tensor eye(std::int64_t n, std::int64_t columns, Dtype dtype) {
  return generate({n, columns}, dtype,
                  [columns](std::int64_t i) { return i / columns == i % columns ? 1 : 0; });
}

template <Element T>
Tensor from_span(std::span<const T> values, const Shape& shape) {
  check_count("from_span", values.size(), shape);
  Tensor y = detail::make_tensor(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), y.body().elements<T>());
  return y;
}

template <Element T>
Tensor from_vector(std::vector<T>&& values, const Shape& shape) {
  check_count("from_vector", values.size(), shape);
  if constexpr (std::is_same_v<T, bool>) {  // packed bits: there is no memory to move in
    return generate(shape, Dtype::boolean,
                    [&](std::int64_t i) { return values[static_cast<std::size_t>(i)]; });
  } else {
    auto owner = std::make_shared<std::vector<T>>(std::move(values));
    T* data = owner->data();
    return detail::adopt_memory(data, shape, dtype_of<T>, [owner = std::move(owner)] {});
  }
}

template <Element T>  // NOLINTNEXTLINE(performance-unnecessary-value-param): moved on
Tensor from_memory(const T* values, const Shape& shape, std::function<void()> release) {
  return detail::adopt_memory(const_cast<T*>(values), shape, dtype_of<T>, std::move(release));
}

#define XTAPE_INSTANTIATE(T)                                                \
  template XTAPE_EXPORT Tensor from_span(std::span<const T>, const Shape&); \
  template XTAPE_EXPORT Tensor from_vector(std::vector<T>&&, const Shape&); \
  template XTAPE_EXPORT Tensor from_memory(const T*, const Shape&, std::function<void()>);
XTAPE_INSTANTIATE(bool)
XTAPE_INSTANTIATE(std::int64_t)
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape
