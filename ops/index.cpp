#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/gather.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape {
namespace {

void check_integer(const char* op, const char* what, const Tensor& tensor) {
  if (tensor.dtype() == Dtype::int64) return;
  throw DtypeError(std::string(op) + ": " + what + " must be int64; got " + tensor.describe());
}

/// The indices counted from the front, dense.
struct Resolve {
  OpInfo info;
  std::int64_t extent;

  OpResult infer(const Tensor& indices) const {
    check_integer(info.name, "indices", indices);
    return {indices.shape(), Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& indices) const {
    const NoGradGuard off;
    const Tensor dense = indices.contiguous();
    const auto* given = dense.body().elements<std::int64_t>();
    auto* from_front = y.body().elements<std::int64_t>();
    if (kernels::gather_kernels().from_front(given, extent, from_front, y.size())) return;
    const auto* const outside =
        std::find_if(from_front, from_front + y.size(),
                     [this](std::int64_t place) { return place < 0 || place >= extent; });
    const std::int64_t position = outside - from_front;
    throw IndexError(detail::out_of_range(info.name, "index", given[position], extent) +
                     " at position " + std::to_string(position));
  }
  Tensor batch(const Examples& x) const { return apply(Resolve(*this), x[0]); }
};

using Rows = detail::AroundAxis;
using detail::resolved;
using detail::scattered;
using detail::taken;

Shape taken_shape(const Shape& shape, int axis, const Shape& indices) {
  Shape result = shape;
  result.erase(axis);
  for (int i = 0; i < indices.rank(); ++i) result.insert(axis + i, indices[i]);
  return Shape(std::span(result.begin(), result.end()));
}

/// Rows of one element, of bytes as many as an Element.
template <class Element>
void copy_elements(const Rows& rows, const Tensor& y, const Tensor& x, const Tensor& index) {
  const auto* at = index.body().elements<std::int64_t>();
  const std::byte* from = x.body().data;
  std::byte* to = y.body().data;
  for (std::int64_t i = 0; i < rows.outer;
       ++i, from += rows.count * std::int64_t{sizeof(Element)}) {
    for (std::int64_t j = 0, n = index.size(); j < n; ++j, to += sizeof(Element))
      std::memcpy(to, from + at[j] * std::int64_t{sizeof(Element)}, sizeof(Element));
  }
}

void copy_rows(const Rows& rows, const Tensor& y, const Tensor& x, const Tensor& index) {
  const std::int64_t row_bytes = rows.inner * static_cast<std::int64_t>(size_of(x.dtype()));
  if (row_bytes == 4) return copy_elements<float>(rows, y, x, index);
  if (row_bytes == 8) return copy_elements<double>(rows, y, x, index);
  const auto* at = index.body().elements<std::int64_t>();
  std::byte* to = y.body().data;
  for (std::int64_t i = 0; i < rows.outer; ++i) {
    for (std::int64_t j = 0; j < index.size(); ++j, to += row_bytes) {
      std::memcpy(to, x.body().data + (i * rows.count + at[j]) * row_bytes,
                  static_cast<std::size_t>(row_bytes));
    }
  }
}

template <class Sum, class T>
void add_rows(const Rows& rows, Sum* to, const T* from, const std::int64_t* index, std::int64_t n) {
  for (std::int64_t i = 0; i < rows.outer; ++i) {
    for (std::int64_t j = 0; j < n; ++j, from += rows.inner) {
      Sum* row = to + (i * rows.count + index[j]) * rows.inner;
      for (std::int64_t k = 0; k < rows.inner; ++k)
        row[k] = static_cast<Sum>(row[k] + static_cast<Sum>(from[k]));
    }
  }
}

/// sum[index[j]] += x[j] along an axis; sum dense, and of the dtype of x or wider.
void add_rows(const Tensor& sum, const Tensor& x, const Tensor& index, int axis) {
  const NoGradGuard off;
  const Tensor dense = x.contiguous();
  visit(sum.dtype(), [&]<class Sum>(TypeTag<Sum>) {
    visit(x.dtype(), [&]<class T>(TypeTag<T>) {
      if constexpr (std::is_same_v<T, Sum> ||
                    (std::is_same_v<T, float> && std::is_same_v<Sum, double>)) {
        if (x.size() == 0) return;
        add_rows(Rows(sum.shape(), axis), sum.body().elements<Sum>(),
                 dense.body().elements<const T>(), index.body().elements<std::int64_t>(),
                 index.size());
      }
    });
  });
}

/// The same of float32, with sums of float64: of the rows that are named, not of all.
void add_rows_wide(const Tensor& sum, const Tensor& x, const Tensor& index, int axis) {
  const Rows rows(sum.shape(), axis);
  const std::span at(index.body().elements<std::int64_t>(), static_cast<std::size_t>(index.size()));
  std::vector<std::int64_t, memory::Allocator<std::int64_t>> named,
      number(static_cast<std::size_t>(rows.count), -1), numbers;
  for (const std::int64_t row : at) {
    std::int64_t& own = number[static_cast<std::size_t>(row)];
    if (own < 0) own = std::ssize(named), named.push_back(row);
    numbers.push_back(own);
  }
  const std::int64_t count = std::ssize(named);
  std::vector<double, memory::Allocator<double>> sums(static_cast<std::size_t>(count * rows.inner));
  const auto* from = x.body().elements<const float>();
  auto* to = sum.body().elements<float>();
  for (std::int64_t i = 0; i < rows.outer; ++i, to += rows.count * rows.inner) {
    std::fill(sums.begin(), sums.end(), 0.0);
    add_rows(Rows({count, rows.inner}, 0), sums.data(), from, numbers.data(), index.size());
    from += index.size() * rows.inner;
    const double* total = sums.data();
    for (const std::int64_t row : named) {
      for (std::int64_t k = 0; k < rows.inner; ++k)
        to[row * rows.inner + k] = static_cast<float>(*total++);
    }
  }
}

/// Whether one of the rows is named more than `most` times.
bool named_more_often(std::int64_t most, std::int64_t rows, const Tensor& indices) {
  using List = std::vector<std::int64_t, memory::Allocator<std::int64_t>>;
  const std::int64_t n = indices.size();
  if (n <= most) return false;
  const std::span index(indices.body().elements<std::int64_t>(), static_cast<std::size_t>(n));
  if (n < rows / 16) {
    List sorted(index.begin(), index.end());
    std::sort(sorted.begin(), sorted.end());
    return !std::equal(sorted.begin(), sorted.end() - most, sorted.begin() + most,
                       std::not_equal_to<>());
  }
  List counts(static_cast<std::size_t>(rows));
  return std::any_of(index.begin(), index.end(), [&](std::int64_t row) {
    return ++counts[static_cast<std::size_t>(row)] > most;
  });
}

/// x with `count` axes from `from` on moved to `to`.
Tensor moved(const Tensor& x, int from, int count, int to) {
  std::vector<std::int64_t> axes, block;
  for (int axis = 0; axis < x.rank(); ++axis)
    (axis >= from && axis < from + count ? block : axes).push_back(axis);
  axes.insert(axes.begin() + to, block.begin(), block.end());
  return transpose(x, axes);
}

/// Indices [n, m...] into rows of which each example has `extent`: as those of one long list of rows.
Tensor in_one_list(const Tensor& indices, std::int64_t extent) {
  Shape shape = indices.shape();
  for (int axis = 1; axis < shape.rank(); ++axis) shape[axis] = 1;
  return indices + reshape(arange(indices.extent(0)) * extent, shape);
}

/// Of x and resolved indices.
struct Take {
  static constexpr OpInfo info{"take", true};
  int axis;
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("axis", axis);
  }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor& indices) const {
    return {taken_shape(x.shape(), axis, indices.shape()), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices) const {
    const NoGradGuard off;
    if (y.size() > 0) copy_rows(Rows(x.shape(), axis), y, x.contiguous(), indices.contiguous());
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor& at = index.get();
    // In float32 a row's terms are summed first, in double: its digits then depend on nothing else.
    if (!detail::plain(g) || detail::level_of(at) > 0 ||
        (g.dtype() == Dtype::float32 && named_more_often(1, send.shape(0)[axis], at)))
      return send(0, scattered(g, at, send.shape(0), axis));
    send.add_to(0, [&](const Tensor& sum) { add_rows(sum, g, at, axis); });
  }
  Tensor jvp(const Tangents& t) const { return taken(t[0], index.get(), axis); }
  Tensor batch(const Examples& x) const {
    if (!x.differ(1)) return taken(x[0], x[1], axis + 1);
    if (!x.differ(0)) return moved(taken(x[0], x[1], axis), axis, 1, 0);
    const Tensor rows = moved(x[0], axis + 1, 1, 1);  // [n, rows, ...]
    Shape joined = rows.shape();
    joined.erase(0);
    joined[0] = rows.extent(0) * rows.extent(1);
    const Tensor all = taken(reshape(rows, joined), in_one_list(x[1], rows.extent(1)), 0);
    return moved(all, 1, x.rank(1), axis + 1);
  }
};

/// The same of values and resolved indices.
struct ScatterAdd {
  static constexpr OpInfo info{"scatter_add", true};
  int axis;
  Shape shape;
  SavedInput index{};

  Tensor run(const Tensor& x, const Tensor& indices) const {
    if (const Shape expected = taken_shape(shape, axis, indices.shape()); x.shape() != expected) {
      throw ShapeError("scatter_add: the values must have the shape " + to_string(expected) +
                       " of the rows; got " + x.describe());
    }
    const NoGradGuard off;
    const Tensor at = indices.contiguous();
    // Two terms of float32 have the sum that they have in float64, rounded.
    const bool wide =
        x.dtype() == Dtype::float32 && x.size() > 0 && named_more_often(2, shape[axis], at);
    Tensor sum = zeros(shape, x.dtype());
    wide ? add_rows_wide(sum, x.contiguous(), at, axis) : add_rows(sum, x, at, axis);
    return sum;
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const { send(0, taken(g, index.get(), axis)); }
  Tensor jvp(const Tangents& t) const { return scattered(t[0], index.get(), shape, axis); }
  Tensor batch(const Examples& x) const {
    Shape all = shape;
    all.insert(0, x.count());
    if (!x.differ(1)) return scattered(x.each(0), x[1], all, axis + 1);
    const std::int64_t rows = shape[axis];
    Shape joined = shape;
    joined.erase(axis);
    joined.insert(0, x.count() * rows);
    const Tensor values = moved(x.each(0), axis + 1, x.rank(1), 1);
    const Tensor sums = scattered(values, in_one_list(x[1], rows), joined, 0);
    joined[0] = x.count();
    joined.insert(1, rows);
    return moved(reshape(sums, joined), 1, 1, axis + 1);
  }
};

/// Of labels.
struct OneHot {
  static constexpr OpInfo info{"one_hot"};
  std::int64_t classes;
  Dtype dtype;

  OpResult infer(const Tensor& labels) const {
    check_integer(info.name, "labels", labels);
    if (classes < 0)
      throw ValueError("one_hot: classes must not be negative; got " + std::to_string(classes));
    Shape shape = labels.shape();
    shape.push_back(classes);
    return {Shape(std::span(shape.begin(), shape.end())), dtype};
  }
  void run(const Tensor& y, const Tensor& labels) const {
    const NoGradGuard off;
    const Tensor dense = labels.contiguous();
    const auto* label = dense.body().elements<std::int64_t>();
    visit(dtype, [&]<class T>(TypeTag<T>) {
      T* ones = y.body().elements<T>();
      std::fill_n(ones, y.size(), T{0});
      for (std::int64_t row = 0; row < labels.size(); ++row) {
        if (label[row] < 0 || label[row] >= classes) {
          throw IndexError("one_hot: labels must lie in [0, " + std::to_string(classes) +
                           "); got " + std::to_string(label[row]) + " in row " +
                           std::to_string(row));
        }
        ones[row * classes + label[row]] = T{1};
      }
    });
  }
  Tensor batch(const Examples& labels) const { return one_hot(labels[0], classes, dtype); }
};

}  // namespace

Tensor detail::resolved(const char* op, const Tensor& indices, std::int64_t extent) {
  return apply(Resolve{{op}, extent}, indices);
}

Tensor detail::taken(const Tensor& x, const Tensor& index, int axis) {
  return apply(Take{axis}, x, index);
}
Tensor detail::scattered(const Tensor& x, const Tensor& index, const Shape& shape, int axis) {
  return apply(ScatterAdd{axis, shape}, x, index);
}

Tensor Tensor::part(std::initializer_list<Number> indices) const {
  if (indices.size() > static_cast<std::size_t>(rank())) {
    throw IndexError("index: at most one an axis is possible; got " +
                     std::to_string(indices.size()) + " for " + describe());
  }
  std::array<Slice, max_rank> slices;
  std::size_t axis = 0;
  for (const Number& index : indices) {
    const std::int64_t extent = shape()[static_cast<std::int64_t>(axis)];
    if (index.exceeds_int64())
      throw IndexError("index: a number must fit in int64; got " + index.text());
    const auto i = index.as<std::int64_t>("index");
    if (i < -extent || i >= extent) {
      const std::string what = "the place along axis " + std::to_string(axis);
      throw IndexError(detail::out_of_range("index", what.c_str(), i, extent));
    }
    slices[axis++] = i;
  }
  return slice(*this, std::span(slices.data(), axis));
}

Tensor take(const Tensor& x, const Tensor& indices, std::int64_t axis) {
  detail::require_defined("take", "x", x);
  detail::require_defined("take", "indices", indices);
  const int along = normalize_axis("take", axis, x.rank());
  return taken(x, resolved("take", indices, x.shape()[along]), along);
}

Tensor scatter_add(const Tensor& x, const Tensor& indices, const Shape& shape, std::int64_t axis) {
  const int along = normalize_axis("scatter_add", axis, shape.rank());
  return scattered(x, resolved("scatter_add", indices, shape[along]), shape, along);
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, Dtype dtype) {
  return apply(OneHot{classes, dtype}, labels);
}

}  // namespace xtape
