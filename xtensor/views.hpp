#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<xtensor/views/xview.hpp>)  // from xtensor 0.26 on
#include <xtensor/views/xindex_view.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xindex_view.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>
#endif

#include <xtape/config.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/xtensor/operators.hpp>

// xtensor's views for tensors, from slices of xtensor: numbers, xt::range, xt::all, xt::newaxis,
// xt::ellipsis, xt::keep, xt::drop. They are read, not written to: `set(x, slices, values)` gives a
// changed tensor.

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// What a list of xtensor's slices makes of a tensor, slice by slice from the first axis.
class XtSlicer {
 public:
  XtSlicer(const Tensor& x, std::size_t axes_named) : x_(x), named_(axes_named) {}

  template <class S>
  void add(const S& slice) {
    using Kind = std::decay_t<S>;
    if constexpr (std::is_integral_v<Kind>) {
      add_slice(static_cast<std::int64_t>(slice));
    } else if constexpr (std::is_same_v<Kind, xt::xall_tag>) {
      add_slice(Slice::all);
    } else if constexpr (std::is_same_v<Kind, xt::xnewaxis_tag>) {
      new_axes_.push_back(result_axis_++);
    } else if constexpr (std::is_same_v<Kind, xt::xellipsis_tag>) {
      for (std::size_t rest = x_.dimension() > named_ ? x_.dimension() - named_ : 0; rest > 0;
           --rest)
        add_slice(Slice::all);
    } else if constexpr (requires(Kind kept) { kept.normalize(extent()); }) {
      Kind kept = slice;
      kept.normalize(extent());
      add_indices(kept);
    } else if constexpr (requires { slice.get(extent()); }) {
      add_range(slice.get(extent()));
    } else {
      add_range(slice);
    }
  }

  Tensor result() const {
    Tensor y = slice(x_, slices_);
    for (const auto& [axis, indices] : taken_) y = take(y, indices, axis);
    for (const std::int64_t axis : new_axes_) y = expand_dims(y, axis);
    return y;
  }

 private:
  /// Of the axis that the next slice is for; 0 beyond the last.
  std::size_t extent() const {
    return slices_.size() < x_.dimension() ? static_cast<std::size_t>(x_.shape(slices_.size())) : 0;
  }

  void add_slice(const Slice& slice) {
    slices_.push_back(slice);
    if (slice.single) return;
    ++result_axis_;
    ++sliced_axis_;
  }

  template <class Range>
  void add_range(const Range& steps) {
    const auto count = static_cast<std::int64_t>(steps.size());
    if (count == 0) return add_slice(range(0, 0));
    const auto first = static_cast<std::int64_t>(steps(0));
    const std::int64_t step = count > 1 ? static_cast<std::int64_t>(steps(1)) - first : 1;
    const std::int64_t end = first + count * step;
    add_slice(range(first, end < 0 ? std::optional<std::int64_t>() : end, step));
  }

  template <class Indices>
  void add_indices(const Indices& kept) {
    std::vector<std::int64_t> indices;
    for (decltype(kept.size()) i = 0; i < kept.size(); ++i)
      indices.push_back(static_cast<std::int64_t>(kept(i)));
    taken_.emplace_back(sliced_axis_, from_vector(std::move(indices)));
    add_slice(Slice::all);
  }

  Tensor x_;
  std::size_t named_;  // axes that other slices than an ellipsis are for
  std::vector<Slice> slices_;
  std::vector<std::pair<std::int64_t, Tensor>> taken_;  // axis after slicing, indices
  std::vector<std::int64_t> new_axes_;                  // of the result
  std::int64_t result_axis_ = 0, sliced_axis_ = 0;
};

template <class S>
constexpr bool names_axis = !std::is_same_v<std::decay_t<S>, xt::xnewaxis_tag> &&
                            !std::is_same_v<std::decay_t<S>, xt::xellipsis_tag>;

/// The elements at lists of indices, each for all axes.
template <class Indices>
Tensor at_indices(const Tensor& x, const Indices& indices) {
  std::vector<std::int64_t> flat;
  for (const auto& index : indices) {
    std::int64_t place = 0;
    int axis = 0;
    for (const auto given : index) {
      const auto i = static_cast<std::int64_t>(given);
      if (axis < x.rank() && (i < 0 || i >= x.extent(axis)))
        throw IndexError(out_of_range("index_view", "index", i, x.extent(axis)));
      place = place * (axis < x.rank() ? x.extent(axis) : 1) + i;
      ++axis;
    }
    if (axis != x.rank()) {
      throw IndexError("index_view: an index is needed for each axis; got " + std::to_string(axis) +
                       " for " + x.describe());
    }
    flat.push_back(place);
  }
  return take(ravel(x), from_vector(std::move(flat)));
}

/// The elements where `condition`, which broadcasts, is not 0, in row-major order.
inline Tensor where_true(const Tensor& x, const Tensor& condition) {
  const std::vector<bool> flags =
      broadcast_to(condition.detach(), x.shape()).to(Dtype::boolean).to_vector<bool>();
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i]) places.push_back(static_cast<std::int64_t>(i));
  }
  return take(ravel(x), from_vector(std::move(places)));
}

}  // namespace xtape::detail

namespace xt {

template <class E, class... S>
requires xtape::detail::TensorHere<E> xtape::Tensor view(E&& x, S&&... slices) {
  xtape::detail::XtSlicer slicer(x, (std::size_t{xtape::detail::names_axis<S>} + ... + 0));
  (slicer.add(slices), ...);
  return slicer.result();
}

template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor strided_view(
    E&& x, const xstrided_slice_vector& slices) {
  std::size_t named = 0;
  for (const auto& slice : slices)
    named += visit([]<class S>(const S&) { return xtape::detail::names_axis<S>; }, slice);
  xtape::detail::XtSlicer slicer(x, named);
  for (const auto& slice : slices) visit([&](const auto& one) { slicer.add(one); }, slice);
  return slicer.result();
}

template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor row(E&& x, std::ptrdiff_t index) {
  return xtape::slice(x, {index});
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor col(E&& x, std::ptrdiff_t index) {
  return xtape::slice(x, {xtape::Slice::all, index});
}

template <class E, class I>
requires xtape::detail::TensorHere<E> xtape::Tensor index_view(E&& x, I&& indices) {
  return xtape::detail::at_indices(x, indices);
}
template <class E, std::size_t L>
requires xtape::detail::TensorHere<E> xtape::Tensor index_view(E&& x, const xindex (&indices)[L]) {
  return xtape::detail::at_indices(x, indices);
}

template <layout_type L = layout_type::row_major, class E, class O>
requires xtape::detail::TensorHere<E> xtape::Tensor filter(E&& x, O&& condition) {
  return xtape::detail::where_true(x, xtape::detail::as_tensor(std::forward<O>(condition)));
}

}  // namespace xt

XTAPE_EXPORT_END
