#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/reduce.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

using kernels::Reduction;
using Flags = std::array<bool, max_rank>;

/// The extents that stay, with reduced axes as 1 or left out.
Shape reduced_shape(const Shape& shape, const Flags& reduced, bool keep_dims) {
  Shape result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool stays = !reduced[static_cast<std::size_t>(axis)];
    if (stays || keep_dims) result.push_back(stays ? shape[axis] : 1);
  }
  return result;
}

/// A double: beside an extent of 0 the others may be anything.
double count_reduced(const Shape& shape, const Flags& reduced) {
  double count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (reduced[static_cast<std::size_t>(axis)]) count *= static_cast<double>(shape[axis]);
  }
  return count;
}

/// Shapes of a reduction of one tensor.
struct Plan {
  Plan(const char* op, const Tensor& x, const Axes& axes, ReduceOptions options)
      : flags(axes.flags(op, x.rank())),
        shape(reduced_shape(x.shape(), flags, options.keep_dims)),
        kept_shape(reduced_shape(x.shape(), flags, true)) {}
  Flags flags;
  Shape shape;       // of the result
  Shape kept_shape;  // with the reduced axes as 1: broadcasts against x
};

/// Sums and products of a strided tensor are those of its dense copy, to the last bit: the order in
/// which elements are taken follows from the shape alone.
Tensor reduced(Reduction reduction, const Tensor& x, const Flags& flags, const Shape& shape,
               Dtype dtype, const char* op = __builtin_FUNCTION()) {
  const bool ordered = reduction == Reduction::sum || reduction == Reduction::product;
  Tensor y = detail::make_tensor(shape, dtype, op);
  const Tensor source = ordered && !x.is_contiguous() ? x.detach().contiguous() : x;
  kernels::reduce_kernels().reduce(reduction, source, flags, y);
  return y;
}

Tensor reduced(Reduction reduction, const Tensor& x, const Plan& plan, Dtype dtype,
               const char* op = __builtin_FUNCTION()) {
  return reduced(reduction, x, plan.flags, plan.shape, dtype, op);
}

Dtype integral_as_int64(Dtype dtype) { return dtype == Dtype::boolean ? Dtype::int64 : dtype; }

Tensor extremum(const char* op, Reduction reduction, const Tensor& x, const Axes& axes,
                ReduceOptions options) {
  const Plan plan(op, x, axes, options);
  if (count_reduced(x.shape(), plan.flags) == 0 && plan.shape.size() > 0) {
    throw ValueError(std::string(op) + ": no elements to compare; got " + x.describe());
  }
  Tensor y = reduced(reduction, x, plan, integral_as_int64(x.dtype()), op);
  if (x.dtype() == Dtype::boolean) return y.to(Dtype::boolean);
  if (!recording(x)) return y;
  return record(op, y, {x},
                [saved_x = SavedInput(x), saved_y = SavedOutput(y), kept = plan.kept_shape](
                    const Tensor& g, const Send& send) {
                  const Tensor ties = saved_x.get() == reshape(saved_y.get(send).detach(), kept);
                  const Tensor count = sum_to(ties, kept).to(g.dtype());
                  const Tensor given = reshape(g, kept);
                  const Tensor& elements = saved_x.get();
                  // A NaN among the elements is the result, and equal to nothing.
                  send(0, where(ties, given / count,
                                where((elements == elements) | (given == 0), 0, given * elements)));
                });
}

/// Product of the elements before each one, x [m, n] along the rows: a scan in log(n) steps.
Tensor products_before(const Tensor& x) {
  const std::int64_t m = x.extent(0), n = x.extent(1);
  if (n == 0) return x;
  const auto behind_ones = [&](const Tensor& t, std::int64_t count) {
    return concatenate({ones({m, count}, x.dtype()), slice(t, {Slice::all, range(0, n - count)})},
                       1);
  };
  Tensor y = behind_ones(x, 1);
  for (std::int64_t reach = 1; reach < n; reach *= 2) y = y * behind_ones(y, reach);
  return y;
}

/// The elements along the flagged axes as rows, and back.
struct Rows {
  Rows(const Tensor& x, const Flags& flags) : back_(static_cast<std::size_t>(x.rank())) {
    std::vector<std::int64_t> axes;
    std::vector<std::int64_t> extents[2];  // of places that stay, and of elements at each
    for (const bool reduced : {false, true}) {
      for (int axis = 0; axis < x.rank(); ++axis) {
        if (flags[static_cast<std::size_t>(axis)] != reduced) continue;
        back_[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(axes.size());
        axes.push_back(axis);
        extents[reduced].push_back(x.shape()[axis]);
      }
    }
    const Tensor ordered = transpose(x, axes);
    shape_ = ordered.shape();
    elements = reshape(ordered, {detail::count_of(extents[0]), detail::count_of(extents[1])});
  }
  Tensor back(const Tensor& rows) const { return transpose(reshape(rows, shape_), back_); }
  Tensor elements;  // [places, elements at each]

 private:
  std::vector<std::int64_t> back_;
  Shape shape_;
};

/// Product of the elements beside each one along the flagged axes. Without a division: there may be
/// zeros.
Tensor products_of_others(const Tensor& x, const Flags& flags) {
  const Rows rows(x, flags);
  return rows.back(products_before(rows.elements) *
                   flip(products_before(flip(rows.elements, 1)), 1));
}

Tensor arg_extremum(const char* op, bool greatest, const Tensor& x, std::int64_t axis,
                    ReduceOptions options) {
  const int along = normalize_axis(op, axis, x.rank());
  Flags flags{};
  flags[static_cast<std::size_t>(along)] = true;
  Tensor y =
      detail::make_tensor(reduced_shape(x.shape(), flags, options.keep_dims), Dtype::int64, op);
  if (x.shape()[along] == 0 && y.size() > 0) {
    throw ValueError(std::string(op) + ": no elements to compare; got " + x.describe());
  }
  kernels::reduce_kernels().arg_reduce(greatest, x, along, y);
  return y;
}

}  // namespace

Axes::Axes(std::initializer_list<std::int64_t> axes) : all_(false), count_(axes.size()) {
  if (axes.size() > axes_.size())
    throw ValueError("axes: at most 8 can be named; got " + std::to_string(axes.size()));
  std::copy(axes.begin(), axes.end(), axes_.begin());
}

Flags Axes::flags(const char* op, int rank) const {
  Flags flags{};
  if (all_) {
    std::fill_n(flags.begin(), rank, true);
    return flags;
  }
  for (const std::int64_t axis : std::span(axes_).first(count_)) {
    bool& flag = flags[static_cast<std::size_t>(normalize_axis(op, axis, rank))];
    if (flag)
      throw ValueError(std::string(op) + ": each axis may be named once; got " +
                       std::to_string(axis) + " twice");
    flag = true;
  }
  return flags;
}

Tensor sum(const Tensor& x, const Axes& axes, ReduceOptions options) {
  const Plan plan("sum", x, axes, options);
  return record("sum", reduced(Reduction::sum, x, plan, integral_as_int64(x.dtype())), {x},
                [kept = plan.kept_shape](const Tensor& g, const Send& send) {
                  send(0, [&] { return broadcast_to(reshape(g, kept), send.shape(0)); });
                });
}

Tensor mean(const Tensor& x, const Axes& axes, ReduceOptions options) {
  const double count = count_reduced(x.shape(), axes.flags("mean", x.rank()));
  const Tensor total = sum(is_floating(x.dtype()) ? x : x.to(Dtype::float64), axes, options);
  return total / count;
}

Tensor prod(const Tensor& x, const Axes& axes, ReduceOptions options) {
  const Plan plan("prod", x, axes, options);
  return record("prod", reduced(Reduction::product, x, plan, integral_as_int64(x.dtype())), {x},
                [x = SavedInput(x), kept = plan.kept_shape, flags = plan.flags](const Tensor& g,
                                                                                const Send& send) {
                  send(0, reshape(g, kept) * products_of_others(x.get(), flags));
                });
}

Tensor amax(const Tensor& x, const Axes& axes, ReduceOptions options) {
  return extremum("amax", Reduction::maximum, x, axes, options);
}

Tensor amin(const Tensor& x, const Axes& axes, ReduceOptions options) {
  return extremum("amin", Reduction::minimum, x, axes, options);
}

Tensor logsumexp(const Tensor& tensor, const Axes& axes, ReduceOptions options) {
  const Tensor x = is_floating(tensor.dtype()) ? tensor : tensor.to(Dtype::float64);
  const Plan plan("logsumexp", x, axes, options);
  Tensor y = detail::make_tensor(plan.shape, x.dtype());
  const Tensor rows = Rows(x.detach(), plan.flags).elements.contiguous();
  detail::named_in_errors("logsumexp", [&] {
    kernels::softmax_kernels().logsumexp_rows(x.dtype(), rows.extent(0), rows.extent(1),
                                              rows.body().data, y.body().data);
  });
  if (!recording(x)) return y;
  // Not exp(x - y): where x is large, y has no digits left for the logarithm of the sum.
  return record("logsumexp", y, {x},
                [saved = SavedInput(x), flags = plan.flags, kept = plan.kept_shape](
                    const Tensor& g, const Send& send) {
                  const Rows from(saved.get(), flags);
                  send(0, reshape(g, kept) * from.back(softmax(from.elements)));
                });
}

Tensor argmax(const Tensor& x, std::int64_t axis, ReduceOptions options) {
  return arg_extremum("argmax", true, x, axis, options);
}
Tensor argmin(const Tensor& x, std::int64_t axis, ReduceOptions options) {
  return arg_extremum("argmin", false, x, axis, options);
}
Tensor argmax(const Tensor& x) { return argmax(reshape(x.detach(), {-1}), 0); }
Tensor argmin(const Tensor& x) { return argmin(reshape(x.detach(), {-1}), 0); }

Tensor sum_to(Tensor x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int offset = x.rank() - shape.rank();
  bool fits = offset >= 0;
  Flags flags{};
  for (int axis = 0; fits && axis < x.rank(); ++axis) {
    const bool added = axis < offset;
    fits = added || shape[axis - offset] == 1 || shape[axis - offset] == x.shape()[axis];
    flags[static_cast<std::size_t>(axis)] =
        added || (shape[axis - offset] == 1 && x.shape()[axis] != 1);
  }
  if (!fits) {
    throw ShapeError("sum_to: the tensor must be a broadcast of " + to_string(shape) + "; got " +
                     x.describe());
  }
  Tensor y = reduced(Reduction::sum, x, flags, shape, integral_as_int64(x.dtype()));
  return record("sum_to", std::move(y), {x},
                [](const Tensor& g, const Send& send) { send(0, broadcast_to(g, send.shape(0))); });
}

}  // namespace xtape
