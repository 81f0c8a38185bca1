#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/search.hpp>
#include <xtape/ops/sort.hpp>

namespace xtape {
namespace {

/// What must hold of the elements that are searched.
enum class Order { unchecked, ascending, either };

/// NaN counts as greatest.
template <class T>
bool below(T a, T b) {
  return a < b || (b != b && a == a);
}

/// How many of the n elements from `first` on lie below x, or do not lie above it: one step for
/// each bit of n, without a branch that the processor would have to guess.
template <class T, class Before>
std::int64_t count_before(const T* first, std::int64_t n, Before before) {
  const T* at = first;
  while (n > 1) {
    const std::int64_t half = n / 2;
    at += before(at[half - 1]) ? half : 0;
    n -= half;
  }
  return at - first + (n == 1 && before(*at) ? 1 : 0);
}

template <class T>
void search_row(const T* sorted, std::int64_t n, const T* x, std::int64_t count, Side side,
                std::int64_t* y) {
  if (side == Side::left) {
    for (std::int64_t i = 0; i < count; ++i)
      y[i] = count_before(sorted, n, [v = x[i]](T at) { return below(at, v); });
  } else {
    for (std::int64_t i = 0; i < count; ++i)
      y[i] = count_before(sorted, n, [v = x[i]](T at) { return !below(v, at); });
  }
}

/// Of tensors of one dtype, `sorted` a vector or with the leading axes of the values.
struct SearchSorted {
  OpInfo info;
  Side side;
  Order order = Order::unchecked;
  void attributes(auto& visit) const { visit("right", side == Side::right); }

  OpResult infer(const Tensor& sorted, const Tensor& values) const {
    const Shape &of = sorted.shape(), &at = values.shape();
    const bool rows = of.rank() == at.rank() && std::equal(of.begin(), of.end() - 1, at.begin());
    if (of.rank() == 1 || (of.rank() > 0 && rows)) return {at, Dtype::int64};
    throw ShapeError(std::string(info.name) + ": what is searched must be a vector, or have the " +
                     "leading axes of the values; got " + sorted.describe() + " for " +
                     values.describe());
  }
  void run(const Tensor& y, const Tensor& sorted, const Tensor& values) const {
    const NoGradGuard off;
    const std::int64_t n = sorted.extent(-1);
    const std::int64_t count = sorted.rank() == 1 ? values.size() : values.extent(-1);
    const Shape& shape = sorted.shape();
    const std::int64_t rows = detail::count_of({shape.begin(), shape.end() - 1});
    const Tensor from = sorted.contiguous(), x = values.contiguous();
    visit(sorted.dtype(), [&]<class T>(TypeTag<T>) {
      const T *row = from.body().elements<const T>(), *at = x.body().elements<const T>();
      auto* to = y.body().elements<std::int64_t>();
      for (std::int64_t i = 0; i < rows; ++i, to += count, at += count, row += n) {
        const bool descending = order == Order::either && n > 0 && below(row[n - 1], row[0]);
        check_order(row, n, descending);
        if (!descending)
          search_row(row, n, at, count, side, to);
        else
          search_descending(row, n, at, count, to);
      }
    });
  }
  Tensor batch(const Examples& x) const {
    if (x.rank(0) == 1 && !x.differ(0)) return apply(SearchSorted(*this), x[0], x[1]);
    if (x.rank(0) > 1) return apply(SearchSorted(*this), x.each(0), x.each(1));
    const Tensor values = x.each(1);
    const std::int64_t each = detail::count_of({values.shape().begin() + 1, values.shape().end()});
    return reshape(apply(SearchSorted(*this), x[0], reshape(values, {x.count(), each})),
                   values.shape());
  }

 private:
  template <class T>
  void check_order(const T* row, std::int64_t n, bool descending) const {
    if (order == Order::unchecked) return;
    for (std::int64_t i = 1; i < n; ++i) {
      if (!(descending ? below(row[i - 1], row[i]) : below(row[i], row[i - 1]))) continue;
      throw ValueError(std::string(info.name) + ": what is searched must be ascending" +
                       (order == Order::either ? " or descending" : "") + "; got " +
                       detail::text(row[i]) + " behind " + detail::text(row[i - 1]));
    }
  }
  template <class T>
  void search_descending(const T* row, std::int64_t n, const T* x, std::int64_t count,
                         std::int64_t* y) const {
    for (std::int64_t i = 0; i < count; ++i) {
      y[i] = side == Side::left ? count_before(row, n, [v = x[i]](T at) { return !below(at, v); })
                                : count_before(row, n, [v = x[i]](T at) { return below(v, at); });
    }
  }
};

Tensor searched(const char* op, const Tensor& sorted, const Tensor& values, Side side,
                Order order = Order::unchecked) {
  detail::require_defined(op, "what is searched", sorted);
  detail::require_defined(op, "the values", values);
  const Dtype dtype = promote(sorted.dtype(), values.dtype());
  return apply(SearchSorted{{op}, side, order}, sorted.to(dtype), values.to(dtype));
}

/// Whether elements are among those of a sorted vector of their dtype, which has some.
struct IsIn {
  static constexpr OpInfo info{"isin"};

  OpResult infer(const Tensor&, const Tensor& x) const { return {x.shape(), Dtype::boolean}; }
  void run(const Tensor& y, const Tensor& sorted, const Tensor& values) const {
    const NoGradGuard off;
    const Tensor dense = values.contiguous();
    visit(sorted.dtype(), [&]<class T>(TypeTag<T>) {
      const std::span among(sorted.body().elements<const T>(),
                            static_cast<std::size_t>(sorted.size()));
      const std::span x(dense.body().elements<const T>(), static_cast<std::size_t>(values.size()));
      bool* to = y.body().elements<bool>();
      if constexpr (std::is_same_v<T, std::int64_t>) {
        if (looked_up(among, x, to)) return;
      }
      for (const T value : x) {
        const std::int64_t place = count_before(among.data(), std::ssize(among),
                                                [value](T at) { return below(at, value); });
        *to++ = place < std::ssize(among) && among[static_cast<std::size_t>(place)] == value;
      }
    });
  }
  Tensor batch(const Examples& x) const { return apply(IsIn(), x[0], x[1]); }

 private:
  using Integers = std::span<const std::int64_t>;

  /// Of integers below the least beyond all others.
  XTAPE_WRAPS static std::uint64_t distance(std::int64_t least, std::int64_t value) {
    return static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(least);
  }

  /// In a table of all integers between the least and the greatest, unless it would be long.
  static bool looked_up(Integers among, Integers x, bool* y) {
    const std::int64_t least = among.front();
    const std::uint64_t last = distance(least, among.back());
    if (last / 8 > among.size() + x.size()) return false;
    std::vector<std::uint8_t, memory::Allocator<std::uint8_t>> table(last + 1);
    for (const std::int64_t value : among) table[distance(least, value)] = 1;
    for (const std::int64_t value : x) {
      const std::uint64_t place = distance(least, value);
      *y++ = place <= last && table[place] != 0;
    }
    return true;
  }
};

/// Part of a vector.
Tensor part(const Tensor& x, std::int64_t from, std::int64_t to) {
  return slice(x, {range(from, to)});
}

/// Where in a vector, in order, another element begins.
struct Starts {
  OpInfo info;

  Tensor run(const Tensor& x) const {
    const std::int64_t n = x.size();
    const Tensor places = detail::make_tensor({n}, Dtype::int64, info.name);
    auto* const first = places.body().elements<std::int64_t>();
    auto* to = first;
    visit(x.dtype(), [&]<class T>(TypeTag<T>) {
      const Tensor dense = x.contiguous();
      const T* at = dense.body().elements<const T>();
      for (std::int64_t i = 0; i < n; ++i) {
        if (i == 0 || below(at[i - 1], at[i])) *to++ = i;
      }
    });
    const NoGradGuard off;
    return part(places, 0, to - first).clone();
  }
  Tensor batch(const Examples&) const {
    throw ValueError(
        std::string(info.name) +
        ": within vmap x must be the same in each example, else the results would have "
        "different shapes");
  }
};

/// Of elements in `order`, of which another one begins at each of the starts: how many begin before
/// each of them, but for its own.
struct Ranks {
  OpInfo info;

  OpResult infer(const Tensor& order, const Tensor&) const { return {order.shape(), Dtype::int64}; }
  void run(const Tensor& y, const Tensor& order, const Tensor& starts) const {
    const auto* at = order.body().elements<const std::int64_t>();
    const auto* start = starts.body().elements<const std::int64_t>();
    auto* rank = y.body().elements<std::int64_t>();
    for (std::int64_t k = 0, n = starts.size(); k < n; ++k) {
      const std::int64_t end = k + 1 < n ? start[k + 1] : order.size();
      for (std::int64_t i = start[k]; i < end; ++i) rank[at[i]] = k;
    }
  }
};

}  // namespace

Tensor searchsorted(const Tensor& sorted, const Tensor& values, Side side) {
  return searched("searchsorted", sorted, values, side);
}

Tensor digitize(const Tensor& x, const Tensor& edges, bool right) {
  detail::require_defined("digitize", "edges", edges);
  if (edges.rank() != 1)
    throw ShapeError("digitize: the edges must be a vector; got " + edges.describe());
  return searched("digitize", edges, x, right ? Side::left : Side::right, Order::either);
}

Tensor isin(const Tensor& x, const Tensor& values) {
  detail::require_defined("isin", "x", x);
  detail::require_defined("isin", "values", values);
  if (values.size() == 0) return zeros(x.shape(), Dtype::boolean) & (x == x);
  const Dtype dtype = promote(x.dtype(), values.dtype());
  const Tensor sorted = sort(ravel(values.detach().to(dtype))), all = x.detach().to(dtype);
  if (detail::level_of(sorted) == 0) return apply(IsIn(), sorted, all);
  const Tensor place = minimum(searched("isin", sorted, all, Side::left), sorted.size() - 1);
  return detail::taken(sorted, place, 0) == all;
}

Tensor interp(const Tensor& x, const Tensor& xp, const Tensor& fp, InterpOptions options) {
  for (const Tensor* given : {&x, &xp, &fp})
    detail::require_defined("interp", "the tensors", *given);
  if (xp.rank() != 1 || xp.shape() != fp.shape()) {
    throw ShapeError("interp: xp and fp must be vectors of one length; got " + xp.describe() +
                     " and " + fp.describe());
  }
  const std::int64_t n = xp.size();
  if (n == 0) throw ValueError("interp: at least one place is needed; got " + xp.describe());
  Dtype dtype = promote(promote(x.dtype(), xp.dtype()), fp.dtype());
  if (!is_floating(dtype)) dtype = Dtype::float64;
  for (const auto& given : {options.left, options.right}) {
    if (given) Number(*given).check("interp", dtype);
  }
  const Tensor at = x.to(dtype), places = xp.to(dtype), f = fp.to(dtype);
  const Tensor found = searched("interp", places, at, Side::right, Order::ascending);
  const Tensor left = clip(found - 1, 0, std::max<std::int64_t>(n - 2, 0));
  const Tensor right = minimum(left + 1, n - 1);
  const auto of = [](const Tensor& vector, const Tensor& place) {
    return detail::taken(vector, place, 0);
  };
  const Tensor x0 = of(places, left), x1 = of(places, right);
  const Tensor f0 = of(f, left), f1 = of(f, right), gap = x1 - x0;
  const Tensor slope = (f1 - f0) / where(gap == 0, 1, gap);
  // From the end that it lies at, if it does: there the value is exact.
  const Tensor between = where(at < x1, f0 + slope * (at - x0), f1 + slope * (at - x1));
  const Tensor inside = where((at == x0) & (x0 < x1) & !isfinite(slope), f0, between);
  const auto end = [&](std::int64_t place, const std::optional<double>& given) {
    return given ? Tensor(*given) : f[place];
  };
  const Tensor y = where(at < places[0], end(0, options.left),
                         where(at > places[n - 1], end(n - 1, options.right), inside));
  return where(isnan(at), abs(at), y);  // NaN, and so are its derivatives
}

Unique unique(const Tensor& x) {
  detail::require_defined("unique", "x", x);
  const Tensor all = ravel(x), order = argsort(all);
  const Tensor starts = apply(Starts{{"unique"}}, detail::taken(all.detach(), order, 0));
  const std::int64_t n = all.size(), count = starts.size();
  const Tensor behind = concatenate({part(starts, std::min<std::int64_t>(count, 1), count),
                                     full({std::min<std::int64_t>(count, 1)}, n, Dtype::int64)});
  return {detail::taken(all, detail::taken(order, starts, 0), 0),
          reshape(apply(Ranks{{"unique"}}, order, starts), x.shape()), behind - starts};
}

}  // namespace xtape
