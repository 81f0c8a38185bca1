#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/along_axis.hpp>

namespace xtape::kernels {
namespace {

template <class T>
using List = std::vector<T, memory::Allocator<T>>;

/// Slices [count, inner] with the indices [named, inner] into each.
struct Slices {
  Slices(const Tensor& whole, const Tensor& index, int axis)
      : around(whole.shape(), axis),
        named(index.shape()[axis]),
        indices(index.body().elements<const std::int64_t>()) {}

  /// f(of the whole, of what the indices name, indices), for each.
  template <class Whole, class Named, class F>
  void for_each(Whole* whole, Named* of_indices, F f) const {
    const std::int64_t step = named * around.inner;
    const std::int64_t* index = indices;
    for (std::int64_t i = 0; i < around.outer; ++i, index += step, of_indices += step) {
      f(whole, of_indices, index);
      whole += around.count * around.inner;
    }
  }
  /// f(at, n), for what the n-th index of a slice names of `all`.
  template <class All, class F>
  void for_each_index(All* all, const std::int64_t* index, F f) const {
    const std::int64_t inner = around.inner;
    if (inner == 1) {
#pragma GCC unroll 4
      for (std::int64_t j = 0; j < named; ++j) f(all[index[j]], j);
      return;
    }
    for (std::int64_t j = 0; j < named * inner; j += inner) {
      for (std::int64_t k = 0; k < inner; ++k) f(all[index[j + k] * inner + k], j + k);
    }
  }
  std::int64_t size() const { return around.count * around.inner; }

  detail::AroundAxis around;
  std::int64_t named;
  const std::int64_t* indices;
};

template <class T>
void scatter(const Slices& slices, const T* x, T* y) {
  using Sum = std::conditional_t<std::is_same_v<T, float>, double, T>;
  List<Sum> sums(static_cast<std::size_t>(slices.size()));
  slices.for_each(y, x, [&](T* to, const T* from, const std::int64_t* index) {
    std::fill(sums.begin(), sums.end(), Sum{0});
    slices.for_each_index(sums.data(), index, [from](Sum& sum, std::int64_t j) {
      sum = static_cast<Sum>(sum + static_cast<Sum>(from[j]));
    });
    std::transform(sums.begin(), sums.end(), to, [](Sum sum) { return static_cast<T>(sum); });
  });
}

}  // namespace

void gather_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y) {
  const Slices slices(x, index, axis);
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    slices.for_each(x.body().elements<const T>(), y.body().elements<T>(),
                    [&](const T* from, T* to, const std::int64_t* at) {
                      slices.for_each_index(from, at,
                                            [to](T named, std::int64_t j) { to[j] = named; });
                    });
  });
}

void gather_last_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y) {
  const Slices slices(x, index, axis);
  List<std::int64_t> last(static_cast<std::size_t>(slices.size()));  // index that names an element
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    slices.for_each(
        x.body().elements<const T>(), y.body().elements<T>(),
        [&](const T* from, T* to, const std::int64_t* at) {
          slices.for_each_index(last.data(), at,
                                [](std::int64_t& own, std::int64_t j) { own = j; });
          slices.for_each_index(from, at, [to](T named, std::int64_t j) { to[j] = named; });
          slices.for_each_index(last.data(), at, [to](std::int64_t own, std::int64_t j) {
            to[j] = own == j ? to[j] : T{0};
          });
        });
  });
}

void put_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y) {
  const Slices slices(y, index, axis);
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    slices.for_each(y.body().elements<T>(), x.body().elements<const T>(),
                    [&](T* to, const T* from, const std::int64_t* at) {
                      slices.for_each_index(to, at,
                                            [from](T& own, std::int64_t j) { own = from[j]; });
                    });
  });
}

void scatter_along(const Tensor& x, const Tensor& index, int axis, const Tensor& y) {
  const Slices slices(y, index, axis);
  visit(y.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>)
      scatter(slices, x.body().elements<const T>(), y.body().elements<T>());
  });
}

}  // namespace xtape::kernels
