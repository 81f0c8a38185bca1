#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/arg_reduce.hpp>
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

Dtype integral_as_int64(Dtype dtype) { return dtype == Dtype::boolean ? Dtype::int64 : dtype; }

/// Sums and products of a strided tensor are those of its dense copy, to the last bit: the order in
/// which elements are taken follows from the shape alone.
void reduce(Reduction reduction, const Tensor& y, const Tensor& x, const Flags& flags) {
  const kernels::ReduceKernels& kernels = kernels::reduce_kernels();
  const bool ordered = reduction == Reduction::sum || reduction == Reduction::product;
  const bool as_it_lies = !ordered || x.is_contiguous() || kernels.in_dense_order(x, flags);
  kernels.reduce(reduction, as_it_lies ? x : x.detach().contiguous(), flags, y);
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

/// The axes of a reduction, as flags, and whether they stay with extent 1.
struct Reduced {
  Reduced(const char* op, const Tensor& x, const Axes& axes, ReduceOptions options)
      : flags(axes.flags(op, x.rank())), keep_dims(options.keep_dims) {}

  Shape shape(const Tensor& x) const { return reduced_shape(x.shape(), flags, keep_dims); }
  /// g with the reduced axes as 1: it broadcasts against x.
  Tensor kept(const Tensor& g, const Shape& x) const {
    return reshape(g, reduced_shape(x, flags, true));
  }

  template <class Visit>
  void attributes(Visit&& visit) const {
    std::string axes;
    for (std::size_t axis = 0; axis < flags.size(); ++axis) {
      if (flags[axis]) axes += (axes.empty() ? "" : ", ") + std::to_string(axis);
    }
    visit("axes", "[" + axes + "]");
    visit("keep_dims", keep_dims);
  }
  /// The sum along the axes: what a rule's gradient is the transpose of.
  Tensor sum_along(const Tensor& x) const;
  /// The same for all examples, in front of which there is an axis more.
  Reduced behind_first() const {
    Reduced all = *this;
    all.flags[0] = false;
    std::copy(flags.begin(), flags.end() - 1, all.flags.begin() + 1);
    return all;
  }

  Flags flags;
  bool keep_dims;
};

struct Sum : Reduced {
  static constexpr OpInfo info{"sum", true};

  OpResult infer(const Tensor& x) const { return {shape(x), integral_as_int64(x.dtype())}; }
  void run(const Tensor& y, const Tensor& x) const { reduce(Reduction::sum, y, x, flags); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return broadcast_to(kept(g, send.shape(0)), send.shape(0)); });
  }
  Tensor batch(const Examples& x) const { return apply(Sum{behind_first()}, x[0]); }
};

Tensor Reduced::sum_along(const Tensor& x) const { return apply(Sum{*this}, x); }

struct Prod : Reduced {
  static constexpr OpInfo info{"prod"};
  SavedInput input{};
  SavedOutput output{};

  OpResult infer(const Tensor& x) const { return {shape(x), integral_as_int64(x.dtype())}; }
  void run(const Tensor& y, const Tensor& x) const { reduce(Reduction::product, y, x, flags); }
  void keep(const Tensor& y, const Tensor& x) {
    input = SavedInput(x);
    output = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const Tensor& x = input.get();
      const Tensor y = output.get(send);
      if (all_normal(y)) return kept(g, x.shape()) * (kept(y, x.shape()) / x);
      return kept(g, x.shape()) * products_of_others(x, flags);
    });
  }
  Tensor jvp(const Tangents& t) const {
    return sum_along(t[0] * products_of_others(input.get(), flags));
  }
  Tensor batch(const Examples& x) const { return apply(Prod{behind_first()}, x[0]); }

 private:
  /// Whether no product has left the range in which it has all digits: then no factor is 0, and the
  /// product of the others is a quotient.
  static bool all_normal(const Tensor& y) {
    // Who replays this must not depend on values.
    if (detail::level_of(y) > 0 || detail::Watcher::repeating()) return false;
    const NoGradGuard off;
    const bool single = y.dtype() == Dtype::float32;
    const double least =
        single ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
    const double most =
        single ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
    const Tensor size = abs(y.detach());
    return y.size() > 0 && amin(size).item() >= least && amax(size).item() <= most;
  }
};

template <Reduction reduction>
struct Extremum : Reduced {
  static constexpr OpInfo info{reduction == Reduction::maximum ? "amax" : "amin"};
  SavedInput input{};
  SavedOutput output{};

  OpResult infer(const Tensor& x) const {
    const Shape result = shape(x);
    if (count_reduced(x.shape(), flags) == 0 && result.size() > 0) {
      throw ValueError(std::string(info.name) + ": no elements to compare; got " + x.describe());
    }
    return {result, integral_as_int64(x.dtype())};
  }
  void run(const Tensor& y, const Tensor& x) const { reduce(reduction, y, x, flags); }
  void keep(const Tensor& y, const Tensor& x) {
    input = SavedInput(x);
    output = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor& x = input.get();
    const Tensor ties = x == kept(output.get(send).detach(), x.shape());
    const Tensor given = kept(g, x.shape());
    const Tensor count = sum_to(ties, given.shape()).to(g.dtype());
    // A NaN among the elements is the result, and equal to nothing.
    send(0, where(ties, given / count, where(x == x, 0, where_positive(given, x))));
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor& x = input.get();
    const Tensor ties = x == kept(output.get(t).detach(), x.shape());
    const Tensor nan = where(x == x, 0, where_positive(t[0], x));
    return sum_along(where(ties, t[0], nan)) / sum_along(ties.to(t.dtype()));
  }
  Tensor batch(const Examples& x) const { return apply(Extremum{behind_first()}, x[0]); }
};

template <Reduction reduction>
Tensor extremum(const Tensor& x, const Axes& axes, ReduceOptions options) {
  using Op = Extremum<reduction>;
  const Tensor y = apply(Op{Reduced(Op::info.name, x, axes, options)}, x);
  return x.dtype() == Dtype::boolean ? y.to(Dtype::boolean) : y;
}

struct LogSumExp : Reduced {
  static constexpr OpInfo info{"logsumexp"};
  SavedInput input{};

  OpResult infer(const Tensor& x) const { return {shape(x), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor rows = Rows(x, flags).elements.contiguous();
    kernels::softmax_kernels().logsumexp_rows(x.dtype(), rows.extent(0), rows.extent(1),
                                              rows.body().data, y.body().data);
  }
  void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
  /// Not exp(x - y): where x is large, y has no digits left for the logarithm of the sum.
  void vjp(const Tensor& g, const Send& send) const {
    const Rows from(input.get(), flags);
    send(0, kept(g, send.shape(0)) * from.back(softmax(from.elements)));
  }
  Tensor jvp(const Tangents& t) const {
    const Rows from(input.get(), flags);
    return sum_along(t[0] * from.back(softmax(from.elements)));
  }
  Tensor batch(const Examples& x) const { return apply(LogSumExp{behind_first()}, x[0]); }
};

template <bool greatest>
struct ArgExtremum {
  static constexpr OpInfo info{greatest ? "argmax" : "argmin"};
  int axis;
  bool keep_dims;
  void attributes(auto& visit) const {
    visit("axis", axis);
    visit("keep_dims", keep_dims);
  }

  OpResult infer(const Tensor& x) const {
    Flags flags{};
    flags[static_cast<std::size_t>(axis)] = true;
    const Shape result = reduced_shape(x.shape(), flags, keep_dims);
    if (x.shape()[axis] == 0 && result.size() > 0) {
      throw ValueError(std::string(info.name) + ": no elements to compare; got " + x.describe());
    }
    return {result, Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& x) const {
    kernels::chosen<kernels::ArgReduceKernels>().arg_reduce(greatest, x, axis, y);
  }
  Tensor batch(const Examples& x) const { return apply(ArgExtremum{axis + 1, keep_dims}, x[0]); }
};

template <bool greatest>
Tensor arg_extremum(const Tensor& x, std::int64_t axis, ReduceOptions options) {
  using Op = ArgExtremum<greatest>;
  return apply(Op{normalize_axis(Op::info.name, axis, x.rank()), options.keep_dims}, x);
}

struct SumTo {
  static constexpr OpInfo info{"sum_to", true};
  Shape shape;

  OpResult infer(const Tensor& x) const {
    const int offset = x.rank() - shape.rank();
    bool fits = offset >= 0;
    for (int axis = 0; fits && axis < shape.rank(); ++axis)
      fits = shape[axis] == 1 || shape[axis] == x.shape()[axis + offset];
    if (fits) return {shape, integral_as_int64(x.dtype())};
    throw ShapeError("sum_to: the tensor must be a broadcast of " + to_string(shape) + "; got " +
                     x.describe());
  }
  void run(const Tensor& y, const Tensor& x) const {
    const int offset = x.rank() - shape.rank();
    Flags flags{};
    for (int axis = 0; axis < x.rank(); ++axis) {
      flags[static_cast<std::size_t>(axis)] =
          axis < offset || (shape[axis - offset] == 1 && x.shape()[axis] != 1);
    }
    reduce(Reduction::sum, y, x, flags);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, broadcast_to(g, send.shape(0))); }
  Tensor batch(const Examples& x) const {
    Shape padded = x[0].shape();  // the leading axes that are summed away, as 1
    const int leading = x.rank(0) - shape.rank();
    for (int axis = 0; axis < x.rank(0); ++axis)
      padded[axis + 1] = axis < leading ? 1 : shape[axis - leading];
    Shape result = shape;
    result.insert(0, x.count());
    return reshape(sum_to(x[0], padded), result);
  }
};

}  // namespace

Axes::Axes(std::span<const std::int64_t> axes) : all_(false), count_(axes.size()) {
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
  detail::require_defined("sum", "x", x);
  return apply(Sum{{"sum", x, axes, options}}, x);
}

Tensor mean(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("mean", "x", x);
  const double count = count_reduced(x.shape(), axes.flags("mean", x.rank()));
  const Tensor total = sum(is_floating(x.dtype()) ? x : x.to(Dtype::float64), axes, options);
  return total / count;
}

Tensor prod(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("prod", "x", x);
  return apply(Prod{{"prod", x, axes, options}}, x);
}

Tensor amax(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("amax", "x", x);
  return extremum<Reduction::maximum>(x, axes, options);
}

Tensor amin(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("amin", "x", x);
  return extremum<Reduction::minimum>(x, axes, options);
}

Tensor logsumexp(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("logsumexp", "x", x);
  const Tensor floating = is_floating(x.dtype()) ? x : x.to(Dtype::float64);
  return apply(LogSumExp{{"logsumexp", x, axes, options}}, floating);
}

Tensor argmax(const Tensor& x, std::int64_t axis, ReduceOptions options) {
  detail::require_defined("argmax", "x", x);
  return arg_extremum<true>(x, axis, options);
}
Tensor argmin(const Tensor& x, std::int64_t axis, ReduceOptions options) {
  detail::require_defined("argmin", "x", x);
  return arg_extremum<false>(x, axis, options);
}
Tensor argmax(const Tensor& x) {
  detail::require_defined("argmax", "x", x);
  return argmax(reshape(x.detach(), {-1}), 0);
}
Tensor argmin(const Tensor& x) {
  detail::require_defined("argmin", "x", x);
  return argmin(reshape(x.detach(), {-1}), 0);
}

Tensor sum_to(Tensor x, const Shape& shape) {
  detail::require_defined("sum_to", "x", x);
  return x.shape() == shape ? std::move(x) : apply(SumTo{shape}, x);
}

}  // namespace xtape
