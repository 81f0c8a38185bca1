#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/row.hpp>
#include <xtape/ops/row_table.hpp>

namespace xtape {

namespace {

/// Integers have no negative powers.
void check_exponents(const Tensor& exponents) {
  const Tensor least = amin(exponents.detach());
  if (least.dtype() == Dtype::boolean || least.item() >= 0) return;
  throw ValueError("pow: integers have no negative powers; got the exponent " + to_string(least));
}

constexpr auto check_for(RowName name) { return name == RowName::pow ? check_exponents : nullptr; }

#define XTAPE_ROW(id, arity, derivatives)                                                \
  row_of<kernels::id##_row, RowName::id, arity>(std::make_index_sequence<derivatives>(), \
                                                check_for(RowName::id)),
constexpr Row rows[] = {
#define XTAPE_UNARY(id, ...) XTAPE_ROW(id, 1, 1)
#define XTAPE_BINARY(id, ...) XTAPE_ROW(id, 2, 2)
#define XTAPE_TERNARY(id, ...) XTAPE_ROW(id, 3, 3)
#define XTAPE_COMPARE(id, ...) XTAPE_ROW(id, 2, 0)
#include <xtape/ops/elementwise.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE
};
#undef XTAPE_ROW

bool contains(unsigned set, std::size_t argument) { return (set >> argument & 1u) != 0; }

/// The formula of a derivative as one pass over just the arguments that it reads, the first of
/// which is g, of the result's shape and dtype.
struct FusedDerivative {
  const Row& info;
  std::size_t j;

  void attributes(auto& visit) const { visit("gives", std::string("gradient")); }
  OpResult infer(std::span<const Tensor* const> x) const { return {x[0]->shape(), x[0]->dtype()}; }
  void run(const Tensor& y, std::span<const Tensor* const> x) const {
    kernels::map(info.kernels().derivatives[j], y.dtype(), y, x);
  }
  detail::BlockFunction loop(Dtype compute) const {
    return info.kernels().derivatives[j].of(compute);
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    const Tensor g = x.each(0);  // of the result's shape
    std::array<const Tensor*, kernels::max_operands> read{&g};
    std::copy(all.pointers().begin() + 1, all.pointers().end(), read.begin() + 1);
    return apply_list(FusedDerivative{info, j}, std::span(read.data(), x.size()));
  }
};

/// The same in the memory of g.
struct OverwritingDerivative {
  FusedDerivative of;
  const OpInfo& info = of.info;
  void attributes(auto& visit) const { of.attributes(visit); }

  Tensor run(std::span<const Tensor* const> x) const {
    of.run(*x[0], x);
    return *x[0];
  }
};

/// What the derivatives of a row may read, beside g.
template <std::size_t arity>
struct Kept {
  std::array<SavedInput, arity> inputs{};
  SavedOutput output{};
};
struct KeptNothing {};

/// The dtype in which the values of a row are computed.
template <class... Inputs>
Dtype dtype_of_values(const Row& row, const Inputs&... x) {
  Dtype dtype = Dtype::boolean;
  ((dtype = promote(dtype, x.body().dtype)), ...);
  if (row.domain == kernels::Domain::floating && !is_floating(dtype)) return Dtype::float64;
  return dtype == Dtype::boolean ? Dtype::int64 : dtype;
}

/// A row applied to tensors.
template <std::size_t arity, bool keeps>
struct Elementwise {
  using Arguments = std::array<const Tensor*, arity + 2>;  // g, the inputs, the result

  const Row& info;  // no more: a node of a row that keeps nothing has 96 bytes, see core/depot.hpp
  [[no_unique_address]] std::conditional_t<keeps, Kept<arity>, KeptNothing> kept{};

  template <class... Inputs>
  OpResult infer(const Inputs&... x) const {
    const std::array<const Tensor*, arity> given{&x...};
    const Dtype computed_in = dtype_of_values(info, x...);
    OpResult y{given[0]->shape(), info.compares ? Dtype::boolean : computed_in};
    for (std::size_t i = 1; i < arity; ++i) {
      if (given[i]->shape() != y.shape)
        y.shape = broadcast_shapes(info.name, y.shape, given[i]->shape());
    }
    if (info.check_integers != nullptr && computed_in == Dtype::int64 && y.shape.size() > 0 &&
        !given[arity - 1]->body().mapped)
      info.check_integers(*given[arity - 1]);
    return y;
  }

  template <class... Inputs>
  void run(const Tensor& y, const Inputs&... x) const {
    const std::array<const Tensor*, arity> given{&x...};
    const Dtype computed_in = info.compares ? dtype_of_values(info, x...) : y.body().dtype;
    kernels::map(info.kernels().value, computed_in, y, given);
  }

  detail::BlockFunction loop(Dtype compute) const { return info.kernels().value.of(compute); }

  template <class... Inputs>
  requires keeps void keep(const Tensor& y, const Inputs&... x) {
    const std::array<const Tensor*, arity> given{&x...};
    unsigned reads = 0;
    for (std::size_t j = 0; j < arity; ++j) {
      if (given[j]->requires_grad()) reads |= info.derivatives[j].reads;
    }
    for (std::size_t i = 0; i < arity; ++i) {
      if (contains(reads, i + 1)) kept.inputs[i] = SavedInput(*given[i]);
    }
    if (contains(reads, arity + 1)) kept.output = SavedOutput(y);
  }

  void vjp(Tensor&& g, const Send& send) const {
    const Tensor y = result(send);
    const Arguments arguments = arguments_of(g, y);
    std::array<bool, arity> wanted;
    std::size_t last = 0;  // beyond it nobody reads g
    for (std::size_t j = 0; j < arity; ++j) {
      wanted[j] = info.derivatives[j].formula != nullptr && send.wanted(j);
      if (wanted[j]) last = j;
    }
    for (std::size_t j = 0; j < arity; ++j) {
      if (!wanted[j]) continue;
      Tensor dx = derivative(j, arguments, j == last ? &g : nullptr);
      if (!send.has_shape(j, dx.shape())) dx = sum_to(std::move(dx), send.shape(j));
      if (dx.dtype() != send.dtype(j)) dx = dx.to(send.dtype(j));
      send(j, std::move(dx));
    }
  }

  /// The derivatives are linear in g: with a tangent in its place they give what it adds to that of
  /// y.
  Tensor jvp(const Tangents& t) const {
    const Tensor y = result(t);
    Tensor dy;
    for (std::size_t j = 0; j < arity; ++j) {
      if (info.derivatives[j].formula == nullptr || !t[j].defined()) continue;
      const Tensor dx = broadcast_to(t[j].to(t.dtype()), t.shape());
      const Tensor part = derivative(j, arguments_of(dx, y), nullptr);
      dy = dy.defined() ? dy + part : part;
    }
    return dy;
  }

  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return apply(Elementwise{info}, all[i]...);
    }
    (std::make_index_sequence<arity>());
  }

 private:
  /// The result, if it was kept.
  template <class Reader>
  Tensor result(const Reader& reader) const {
    if constexpr (keeps) {
      if (kept.output.holds()) return kept.output.get(reader);
    }
    return {};
  }

  /// What formulas may read; undefined what they do not.
  Arguments arguments_of(const Tensor& g, const Tensor& y) const {
    Arguments arguments{&g};
    for (std::size_t i = 0; i < arity; ++i) {
      if constexpr (keeps) {
        arguments[i + 1] = &kept.inputs[i].get();
      } else {
        arguments[i + 1] = &y;  // undefined
      }
    }
    arguments[arity + 1] = &y;
    return arguments;
  }

  /// `spare` is g if nobody reads it afterwards.
  Tensor derivative(std::size_t j, const Arguments& arguments, Tensor* spare) const {
    const RowDerivative& rule = info.derivatives[j];
    if (rule.is_gradient) return spare != nullptr ? std::move(*spare) : *arguments[0];
    if (detail::watched(arguments)) return rule.formula(arguments.data());
    std::array<const Tensor*, arity + 2> read;
    std::size_t count = 0;
    for (std::size_t n = 0; n < arguments.size(); ++n) {
      if (contains(rule.reads, n)) read[count++] = arguments[n];
    }
    const std::span given(read.data(), count);
    const auto is_mapped = [](const Tensor* x) { return x->body().mapped; };
    const bool overwrite = spare != nullptr &&
                           detail::levels.watcher == nullptr &&  // who watches sees g
                           std::ranges::none_of(given, is_mapped) && detail::exclusive(*spare);
    return overwrite ? apply_list(OverwritingDerivative{{info, j}}, given)
                     : apply_list(FusedDerivative{info, j}, given);
  }
};

}  // namespace

const Row& row(RowName name) { return rows[static_cast<std::size_t>(name)]; }

template <std::same_as<Tensor>... Inputs>
Tensor apply_row(const Row& row, const Inputs&... x) {
  const bool truth = ((x.body().dtype == Dtype::boolean) && ...);
  if (truth && row.domain == kernels::Domain::numeric) {
    throw DtypeError(std::string(row.name) +
                     ": numbers are needed; got boolean (see operator! and not_equal)");
  }
  Tensor y = row.keeps ? apply(Elementwise<sizeof...(x), true>{row}, x...)
                       : apply(Elementwise<sizeof...(x), false>{row}, x...);
  if (truth && row.domain == kernels::Domain::any && !row.compares)
    return y.to(Dtype::boolean);  // as NumPy: + is or, * is and
  return y;
}

template Tensor apply_row(const Row& row, const Tensor& x);
template Tensor apply_row(const Row& row, const Tensor& a, const Tensor& b);
template Tensor apply_row(const Row& row, const Tensor& a, const Tensor& b, const Tensor& c);

}  // namespace xtape
