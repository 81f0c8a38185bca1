#include <algorithm>
#include <array>
#include <functional>
#include <span>
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
#include <xtape/ops/kernels/indexed_rows.hpp>
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

using detail::resolved;
using detail::scattered;
using detail::taken;

Shape taken_shape(const Shape& shape, int axis, const Shape& indices) {
  Shape result = shape;
  result.erase(axis);
  for (int i = 0; i < indices.rank(); ++i) result.insert(axis + i, indices[i]);
  return Shape(std::span(result.begin(), result.end()));
}

/// The rows along an axis that dense indices name.
kernels::IndexedRows rows_at(const Shape& shape, int axis, const Tensor& index) {
  const detail::AroundAxis around(shape, axis);
  const std::span at(index.body().elements<const std::int64_t>(),
                     static_cast<std::size_t>(index.size()));
  return {around.outer, around.count, around.inner, at};
}

/// sum[index[j]] += x[j] along an axis; sum dense, and of the dtype of x or wider.
void add_rows(const Tensor& sum, const Tensor& x, const Tensor& index, int axis) {
  const NoGradGuard off;
  const Tensor dense = x.contiguous();
  if (x.size() == 0) return;
  kernels::add_rows(rows_at(sum.shape(), axis, index), x.dtype(), dense.body().data, sum.dtype(),
                    sum.body().data);
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

/// Indices [n, m...] into rows of which each example has `extent`: as those of one long list of
/// rows.
Tensor in_one_list(const Tensor& indices, std::int64_t extent) {
  Shape shape = indices.shape();
  for (int axis = 1; axis < shape.rank(); ++axis) shape[axis] = 1;
  return indices + reshape(arange(indices.extent(0)) * extent, shape);
}

/// The rows of g, and their numbers, but those with the number `unchanged`.
void send_rows(const Send& send, const Tensor& index, const Tensor& g, std::int64_t unchanged) {
  const std::span at(index.body().elements<std::int64_t>(), static_cast<std::size_t>(index.size()));
  if (std::find(at.begin(), at.end(), unchanged) == at.end()) return send.add_rows(0, index, g);
  const std::int64_t count = index.size() - std::count(at.begin(), at.end(), unchanged);
  const Tensor places = detail::make_tensor({count}, Dtype::int64, "take");
  const Tensor rows = detail::make_tensor({count}, Dtype::int64, "take");
  auto* place = places.body().elements<std::int64_t>();
  auto* row = rows.body().elements<std::int64_t>();
  for (std::size_t i = 0; i < at.size(); ++i)
    if (at[i] != unchanged) *place++ = static_cast<std::int64_t>(i), *row++ = at[i];
  Shape lines = send.shape(0);
  lines[0] = index.size();
  send.add_rows(0, rows, taken(reshape(g, lines), places, 0));
}

/// Of x and resolved indices.
struct Take {
  static constexpr OpInfo info{"take", true};
  int axis;
  bool sparse = false;
  std::int64_t unchanged = -1;  // a row that gets no gradient
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("axis", axis);
    if (sparse) visit("sparse", sparse);
  }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor& indices) const {
    return {taken_shape(x.shape(), axis, indices.shape()), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices) const {
    const NoGradGuard off;
    if (y.size() == 0) return;
    const Tensor dense = x.contiguous(), at = indices.contiguous();
    kernels::take_rows(rows_at(x.shape(), axis, at), size_of(x.dtype()), dense.body().data,
                       y.body().data);
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor& at = index.get();
    if (sparse && detail::plain(g) && detail::level_of(at) == 0)
      return send_rows(send, at, g, unchanged);
    // In float32 a row's terms are summed first, in double: its digits then depend on nothing else.
    if (!detail::plain(g) || detail::level_of(at) > 0 || detail::Watcher::repeating() ||
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
  void attributes(auto& visit) const { visit("axis", axis); }
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
    if (!wide) {
      add_rows(sum, x, at, axis);
    } else {
      const Tensor dense = x.contiguous();
      kernels::add_rows_wide(rows_at(shape, axis, at), dense.body().elements<const float>(),
                             sum.body().elements<float>());
    }
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
Tensor detail::taken_sparsely(const Tensor& x, const Tensor& index, std::int64_t unchanged) {
  return apply(Take{.axis = 0, .sparse = true, .unchanged = unchanged}, x, index);
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

Tensor take(const Tensor& x, const Tensor& indices, std::int64_t axis, const TakeOptions& options) {
  detail::require_defined("take", "x", x);
  detail::require_defined("take", "indices", indices);
  const int along = normalize_axis("take", axis, x.rank());
  if (options.sparse_grad && along != 0) {
    throw ValueError("take: a sparse gradient is one of rows along axis 0; got axis " +
                     std::to_string(along));
  }
  const Tensor index = resolved("take", indices, x.shape()[along]);
  return options.sparse_grad ? detail::taken_sparsely(x, index) : taken(x, index, along);
}

Tensor scatter_add(const Tensor& x, const Tensor& indices, const Shape& shape, std::int64_t axis) {
  const int along = normalize_axis("scatter_add", axis, shape.rank());
  return scattered(x, resolved("scatter_add", indices, shape[along]), shape, along);
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, Dtype dtype) {
  return apply(OneHot{classes, dtype}, labels);
}

}  // namespace xtape
