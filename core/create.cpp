#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/wraps.hpp>

namespace xtape {
namespace {

void check_count(const char* op, std::size_t count, const Shape& shape) {
  if (static_cast<std::int64_t>(count) != shape.size()) {
    throw ShapeError(std::string(op) + ": shape " + to_string(shape) + " needs " +
                     std::to_string(shape.size()) + " values; got " + std::to_string(count));
  }
}

/// y[i] = f(TypeTag<T>{}, i), for elements T
template <class F>
Tensor generate(const Shape& shape, Dtype dtype, F f,
                const char* operation = __builtin_FUNCTION()) {
  Tensor y = detail::make_tensor(shape, dtype, operation);
  visit(dtype, [&]<class T>(TypeTag<T> type) {
    T* values = y.body().elements<T>();
    for (std::int64_t i = 0; i < y.size(); ++i) values[i] = f(type, i);
  });
  return y;
}

/// Block by block: for a call of so many bytes the processor's widest stores are taken.
template <class T>
void fill_blocks(T* y, std::int64_t n, T value) {
  const std::int64_t block = std::min<std::int64_t>(n, 4096 / sizeof(T));
  std::fill_n(y, block, value);
  for (std::int64_t i = block; i < n; i += block)
    std::memcpy(y + i, y, static_cast<std::size_t>(std::min(block, n - i)) * sizeof(T));
}

/// What lies between fits if both ends do.
void check_bounds(const char* op, double first, double last, Dtype dtype) {
  Number(first).check(op, dtype);
  Number(last).check(op, dtype);
}

/// start, start + step, ...: `count` numbers of int64, the distance of which may exceed it.
XTAPE_WRAPS Tensor steps_from(const char* op, std::int64_t start, std::uint64_t step,
                              std::int64_t count) {
  Tensor y = detail::make_tensor({count}, Dtype::int64, op);
  auto* values = y.body().elements<std::int64_t>();
  auto next = static_cast<std::uint64_t>(start);
  for (std::int64_t i = 0; i < count; ++i, next += step)
    values[i] = static_cast<std::int64_t>(next);
  return y;
}

/// linspace of integers. Between them lie others, or it throws.
XTAPE_WRAPS Tensor integers_between(std::int64_t start, std::int64_t stop, std::int64_t count) {
  if (count < 2) return steps_from("linspace", start, 0, count);
  const auto first = static_cast<std::uint64_t>(start), last = static_cast<std::uint64_t>(stop),
             gaps = static_cast<std::uint64_t>(count - 1);
  const bool rises = start <= stop;
  const std::uint64_t distance = rises ? last - first : first - last, step = distance / gaps;
  detail::require(
      distance % gaps == 0, "linspace", "the step", "fit in int64",
      (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(gaps));
  return steps_from("linspace", start, rises ? step : 0 - step, count);
}

}  // namespace

NestedList::NestedList(std::initializer_list<NestedList> lists) : lists_(lists), is_list_(true) {}

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

Dtype NestedList::dtype() const {
  if (!is_list_) return number_.dtype();
  Dtype dtype = lists_.empty() ? default_dtype() : lists_.front().dtype();
  for (const NestedList& list : lists_) dtype = std::max(dtype, list.dtype());
  return dtype;
}

void NestedList::append_to(std::vector<Number>& numbers) const {
  if (!is_list_) numbers.push_back(number_);
  for (const NestedList& list : lists_) list.append_to(numbers);
}

Tensor tensor(const NestedList& values) { return tensor(values, values.dtype()); }

Tensor tensor(const NestedList& values, Dtype dtype) {
  std::vector<Number> numbers;
  const Shape shape = values.shape();
  values.append_to(numbers);
  return generate(shape, dtype, [&]<class T>(TypeTag<T>, std::int64_t i) {
    return numbers[static_cast<std::size_t>(i)].as<T>("tensor");
  });
}

Tensor zeros(const Shape& shape, Dtype dtype) {
  Tensor y = detail::make_tensor(shape, dtype);
  std::memset(y.body().data, 0, static_cast<std::size_t>(y.size()) * size_of(dtype));
  return y;
}

Tensor ones(const Shape& shape, Dtype dtype) { return full(shape, 1, dtype); }

Tensor full(const Shape& shape, const Number& value, Dtype dtype) {
  return detail::constant("full", shape, value, dtype);
}

Tensor detail::constant(const char* op, const Shape& shape, const Number& value, Dtype dtype) {
  return visit(dtype, [&]<class T>(TypeTag<T>) {
    const T element = value.as<T>(op);
    Tensor y = make_tensor(shape, dtype, op);
    fill_blocks(y.body().elements<T>(), y.size(), element);
    return y;
  });
}

Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype()); }

Tensor arange(std::int64_t stop) { return arange(0, stop); }

XTAPE_WRAPS Tensor arange(std::int64_t start, std::int64_t stop, std::int64_t step) {
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
  return steps_from("arange", start, stride, static_cast<std::int64_t>(count));
}

Tensor arange(double start, double stop, double step, Dtype dtype) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || !std::isfinite(count) || count > 0x1p62) {
    throw ValueError("arange: a finite number of steps must lead from start to stop; got " +
                     detail::text(start) + ", " + detail::text(stop) + " and step " +
                     detail::text(step));
  }
  const auto n = static_cast<std::int64_t>(std::max(0.0, count));
  const auto element = [=](std::int64_t i) { return start + static_cast<double>(i) * step; };
  // Rounded once: a last number that seems to fit does.
  if (n > 0)
    check_bounds("arange", start, std::fma(static_cast<double>(n - 1), step, start), dtype);
  if (n > 0 && dtype == Dtype::int64) {
    const auto stride = n > 1 ? Number(step).as<std::int64_t>("arange") : 0;
    return steps_from("arange", static_cast<std::int64_t>(start),
                      static_cast<std::uint64_t>(stride), n);
  }
  return generate({n}, dtype, [element]<class T>(TypeTag<T>, std::int64_t i) {
    return static_cast<T>(element(i));
  });
}

Tensor linspace(double start, double stop, std::int64_t count, Dtype dtype) {
  if (count < 0)
    throw ValueError("linspace: count must not be negative; got " + std::to_string(count));
  if (!std::isfinite(stop - start)) {
    throw ValueError("linspace: start and stop must be a finite distance apart; got " +
                     detail::text(start) + " and " + detail::text(stop));
  }
  check_bounds("linspace", start, stop, dtype);
  if (dtype == Dtype::int64)
    return integers_between(static_cast<std::int64_t>(start), static_cast<std::int64_t>(stop),
                            count);
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  return generate({count}, dtype, [=]<class T>(TypeTag<T>, std::int64_t i) {
    return static_cast<T>(i > 0 && i == count - 1 ? stop : start + static_cast<double>(i) * step);
  });
}

Tensor eye(std::int64_t n, Dtype dtype) { return eye(n, n, dtype); }

Tensor eye(std::int64_t n, std::int64_t columns, Dtype dtype) {
  Tensor y = detail::constant("eye", {n, columns}, 0, dtype);
  visit(dtype, [&]<class T>(TypeTag<T>) {
    T* const values = y.body().elements<T>();
    for (std::int64_t i = 0; i < std::min(n, columns); ++i) values[i * columns + i] = T{1};
  });
  return y;
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
    Tensor y = detail::make_tensor(shape, Dtype::boolean);
    std::copy(values.begin(), values.end(), y.body().elements<bool>());
    return y;
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

static Tensor strided_memory(std::byte* first, Dtype dtype, const Shape& shape,
                             std::span<const std::int64_t> strides, std::function<void()> release) {
  if (strides.size() != static_cast<std::size_t>(shape.rank())) {
    throw ShapeError("from_memory: a stride is needed for each axis; got " +
                     std::to_string(strides.size()) + " for " + to_string(shape));
  }
  Strides steps = row_major_strides(shape);
  std::copy(strides.begin(), strides.end(), steps.begin());
  const Tensor memory =
      detail::adopt_memory(first, {shape.size()}, dtype, std::move(release), "from_memory");
  return detail::make_view(memory, shape, steps, 0, "from_memory");
}

template <Element T>
Tensor from_memory(const T* values, const Shape& shape, std::span<const std::int64_t> strides,
                   std::function<void()> release) {
  auto* const first = reinterpret_cast<std::byte*>(const_cast<T*>(values));
  return strided_memory(first, dtype_of<T>, shape, strides, std::move(release));
}

#define XTAPE_INSTANTIATE(T)                                                                      \
  template XTAPE_EXPORT Tensor from_span(std::span<const T>, const Shape&);                       \
  template XTAPE_EXPORT Tensor from_vector(std::vector<T>&&, const Shape&);                       \
  template XTAPE_EXPORT Tensor from_memory(const T*, const Shape&, std::function<void()>);        \
  template XTAPE_EXPORT Tensor from_memory(const T*, const Shape&, std::span<const std::int64_t>, \
                                           std::function<void()>);
XTAPE_INSTANTIATE(bool)
XTAPE_INSTANTIATE(std::int64_t)
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape
