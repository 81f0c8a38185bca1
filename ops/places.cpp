#include <algorithm>
#include <numeric>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/places.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape {
namespace {

/// See `detail::sources`.
struct Sources {
  OpInfo info;
  std::int64_t count;
  void attributes(auto& visit) const { visit("count", count); }

  OpResult infer(const Tensor& places) const {
    Shape shape = places.shape();
    shape[-1] = count;
    return {shape, Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& places) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = places.contiguous();
    const std::int64_t m = places.extent(-1);
    const auto* place = dense.body().elements<const std::int64_t>();
    auto* from = y.body().elements<std::int64_t>();
    for (const auto* end = from + y.size(); from != end; from += count, place += m) {
      std::iota(from, from + count, std::int64_t{0});
      for (std::int64_t i = 0; i < m; ++i) from[place[i]] = count + i;
    }
  }
  Tensor batch(const Examples& x) const { return apply(Sources(*this), x[0]); }
};

/// The places of what is not 0, in row-major order: the index into each axis, [count, axes], or one
/// into all, [count].
struct Nonzero {
  OpInfo info;
  bool flat;
  void attributes(auto& visit) const { visit("flat", flat); }

  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = (x.dtype() == Dtype::boolean ? x : x != 0).contiguous();
    const bool* holds = dense.body().elements<const bool>();
    const int axes = flat ? 1 : x.rank();
    const std::int64_t count = std::count(holds, holds + x.size(), true);
    Tensor y =
        detail::make_tensor(flat ? Shape{count} : Shape{count, axes}, Dtype::int64, info.name);
    auto* to = y.body().elements<std::int64_t>();
    for (std::int64_t i = 0, n = x.size(); i < n; ++i) {
      if (!holds[i]) continue;
      std::int64_t rest = i;
      for (int axis = axes - 1; axis > 0; --axis) {
        to[axis] = rest % x.shape()[axis];
        rest /= x.shape()[axis];
      }
      if (axes > 0) to[0] = rest;
      to += axes;
    }
    return y;
  }
  Tensor batch(const Examples&) const {
    throw ValueError(std::string(info.name) +
                     ": within vmap what chooses the places must be the same in each example, else "
                     "the results would have different shapes");
  }
};

/// Indices into the first axes of x as those into one axis.
struct Places {
  Places(const char* op, const Tensor& x, std::span<const Tensor> indices) {
    detail::require_defined(op, "x", x);
    if (indices.empty())
      throw ValueError(std::string(op) + ": at least one tensor of indices is needed; got none");
    if (std::ssize(indices) > x.rank()) {
      throw IndexError(std::string(op) +
                       ": at most one tensor of indices an axis is possible; got " +
                       std::to_string(indices.size()) + " for " + x.describe());
    }
    Shape together;
    for (const Tensor& given : indices) {
      detail::require_defined(op, "indices", given);
      together = broadcast_shapes(op, together, given.shape());
    }
    const auto axes = static_cast<std::int64_t>(indices.size());
    index = detail::resolved(op, indices[0], x.shape()[0]);
    for (std::int64_t axis = 1; axis < axes; ++axis) {
      const std::int64_t extent = x.shape()[axis];
      index =
          index * extent + detail::resolved(op, indices[static_cast<std::size_t>(axis)], extent);
    }
    if (index.shape() != together) index = broadcast_to(index, together);
    const std::int64_t count = detail::count_of({x.shape().begin(), x.shape().begin() + axes});
    Shape one_axis({count}), chosen = together;
    for (std::int64_t axis = axes; axis < x.rank(); ++axis) {
      one_axis.push_back(x.shape()[axis]);
      chosen.push_back(x.shape()[axis]);
    }
    rows = reshape(x, one_axis);
    shape = Shape(std::span(chosen.begin(), chosen.end()));
  }
  Tensor rows;   ///< x with these axes as one
  Tensor index;  ///< into that, counted from the front
  Shape shape;   ///< of the elements
};

void check_mask(const Tensor& x, const Tensor& mask) {
  detail::require_defined("masked_select", "x", x);
  detail::require_defined("masked_select", "mask", mask);
  if (mask.dtype() != Dtype::boolean)
    throw DtypeError("masked_select: the mask must be boolean; got " + mask.describe());
  if (mask.rank() <= x.rank() &&
      std::equal(mask.shape().begin(), mask.shape().end(), x.shape().begin()))
    return;
  throw ShapeError("masked_select: the mask must have the extents of the first axes of x; got " +
                   mask.describe() + " for " + x.describe());
}

}  // namespace

Tensor detail::sources(const char* op, const Tensor& places, std::int64_t count) {
  return apply(Sources{{op}, count}, places);
}

Tensor Tensor::chosen(const Tensor& at) const {
  detail::require_defined("index", "x", *this);
  detail::require_defined("index", "indices", at);
  return at.dtype() == Dtype::boolean ? masked_select(*this, at) : take(*this, at);
}

Tensor take_at(const Tensor& x, std::span<const Tensor> indices) {
  const Places at("take_at", x, indices);
  return detail::taken(at.rows, at.index, 0);
}

Tensor set(const Tensor& x, std::span<const Tensor> indices, const Operand& values) {
  const Places at("set", x, indices);
  Shape others = at.rows.shape();
  const std::int64_t count = others[0];
  others[0] = at.index.size();
  const Tensor put = reshape(detail::values_for("set", x, at.shape, values), others);
  const Tensor from = detail::sources("set", ravel(at.index), count);
  return reshape(detail::taken(concatenate({at.rows, put}), from, 0), x.shape());
}

Tensor add_at(const Tensor& x, std::span<const Tensor> indices, const Operand& values) {
  const Places at("add_at", x, indices);
  const Tensor added = detail::values_for("add_at", x, at.shape, values);
  return x + reshape(detail::scattered(added, at.index, at.rows.shape(), 0), x.shape());
}

Tensor index_add(const Tensor& x, const Tensor& indices, const Operand& values,
                 std::int64_t given) {
  detail::require_defined("index_add", "x", x);
  detail::require_defined("index_add", "indices", indices);
  const int axis = normalize_axis("index_add", given, x.rank());
  const Tensor at = detail::resolved("index_add", indices, x.shape()[axis]);
  Shape place = x.shape();
  place.erase(axis);
  for (int i = 0; i < at.rank(); ++i) place.insert(axis + i, at.shape()[i]);
  const Tensor added =
      detail::values_for("index_add", x, Shape(std::span(place.begin(), place.end())), values);
  return x + detail::scattered(added, at, x.shape(), axis);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask(x, mask);
  const Tensor places = apply(Nonzero{{"masked_select"}, true}, mask);
  Shape one_axis({mask.size()});
  for (int axis = mask.rank(); axis < x.rank(); ++axis) one_axis.push_back(x.shape()[axis]);
  return detail::taken(reshape(x, one_axis), places, 0);
}

Tensor argwhere(const Tensor& x) { return apply(Nonzero{{"argwhere"}, false}, x); }

std::vector<Tensor> nonzero(const Tensor& x) {
  detail::require_defined("nonzero", "x", x);
  if (x.rank() == 0) throw ShapeError("nonzero: an axis is needed; got " + x.describe());
  return unbind(apply(Nonzero{{"nonzero"}, false}, x), 1);
}

}  // namespace xtape
