#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numbers>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/map.hpp>
#include <xtape/ops/kernels/rows.hpp>
#include <xtape/ops/numbers.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {

bool Operand::is_number() const { return tensor_ == nullptr || tensor_->body().number; }

const Tensor& Operand::tensor(const char* op, Dtype other, Tensor& constant) const {
  return is_number() ? number_tensor(op, other, constant) : *tensor_;
}

// Not in a namespace without a name: the formulas of the rows find them by the type of their
// arguments.

/// Any element where `condition` holds?
static bool holds_anywhere(const Tensor& condition) {
  const NoGradGuard off;
  return sum(condition).item() > 0;
}

/// g / d for recorded backward passes: 0 where nothing comes in, see kernels.
static Tensor over(const Tensor& g, const Operand& d) {
  Tensor constant;
  const Tensor& divisor = d.tensor("divide", g.dtype(), constant);
  const Tensor pole = (g == 0) & !(abs(divisor) > 0);
  return holds_anywhere(pole) ? where(pole, 0, g / divisor) : g / divisor;
}

/// g e for recorded backward passes: 0 where nothing comes in, see kernels.
static Tensor times(const Tensor& g, const Operand& e) {
  Tensor constant;
  const Tensor& factor = e.tensor("multiply", g.dtype(), constant);
  const Tensor pole = (g == 0) & !isfinite(factor);
  return holds_anywhere(pole) ? where(pole, 0, g * factor) : g * factor;
}

// What formulas have in common, for recorded backward passes; the same on registers of numbers
// stands with the kernels, by formulas that keep more digits.
using std::numbers::inv_sqrtpi, std::numbers::sqrt2;

/// The gradient where the result does not depend on x: 0, and NaN where x is.
static Tensor flat(const Tensor& g, const Tensor& x) { return where(x == x, 0, times(g, x)); }

/// x, NaN below 0, and +0 at -0: slopes at the end of a domain are their limits from within.
static Tensor nonnegative(const Tensor& x) {
  return where(x > 0, x, where(x == 0, 0, std::numeric_limits<double>::quiet_NaN()));
}

static Tensor pow_base_slope(const Tensor& a, const Tensor& b, const Tensor&) {
  return where((a == 0) & (b == 0), 0, b * pow(a, b - 1));
}
static Tensor pow_exponent_slope(const Tensor& a, const Tensor& b, const Tensor& y) {
  const Tensor endless = a == std::numeric_limits<double>::infinity();
  return where(((a == 0) & (b >= 0)) | (endless & (b < 0)), 0, y * log(a));
}

static Tensor scaled_exp(const Tensor& x, const Tensor& f) { return f * exp(x); }
static Tensor erf_slope(const Tensor& x) { return 2 * inv_sqrtpi * exp(-x * x); }
static Tensor sigmoid_slope(const Tensor& x) { return sigmoid(x) * sigmoid(-x); }
static Tensor sigmoid_less(const Tensor& x, const Tensor& p) {
  return where(x > 0, (1 - p) - sigmoid(-x), sigmoid(x) - p);
}
static Tensor tanh_slope(const Tensor& x) { return 4 * sigmoid_slope(2 * x); }
static Tensor silu_slope(const Tensor& x) { return sigmoid(x) + times(sigmoid_slope(x), x); }

/// By erfc, which keeps the digits of small probabilities.
static Tensor gelu_slope(const Tensor& x) {
  const Tensor density = inv_sqrtpi / sqrt2 * exp(-0.5 * x * x);
  return 0.5 * erfc(-x / sqrt2) + times(density, x);
}

/// (1 + tanh(u)) / 2 = sigmoid(2 u) for a cubic u. From |x| = 40 on that is 0 or 1, with all its
/// derivatives, whatever the powers of x do.
static Tensor gelu_tanh_slope(const Tensor& x) {
  constexpr double cubic = 0.044715;
  const Tensor near = clip(x, -40, 40);
  const Tensor u2 = 2 * sqrt2 * inv_sqrtpi * near * (1 + cubic * near * near);
  const Tensor density =
      sigmoid_slope(u2) * (2 * sqrt2 * inv_sqrtpi * (1 + 3 * cubic * near * near));
  return sigmoid(u2) + density * near;
}

namespace {

using namespace kernels;

template <std::size_t n>
using Index = std::integral_constant<std::size_t, n>;

/// Calls f(Index<0>{}), ..., f(Index<n - 1>{}).
template <std::size_t n, class F>
constexpr void each(F&& f) {
  [&]<std::size_t... i>(std::index_sequence<i...>) { (f(Index<i>{}), ...); }
  (std::make_index_sequence<n>());
}

/// The kernels of a row for this processor.
template <class Row>
const RowKernels& kernels_of() {
  return chosen<ElementwiseKernels>().rows[static_cast<std::size_t>(Row::place)];
}

template <class Row, std::size_t arity, std::size_t j>
Tensor fused_derivative(const std::array<Tensor, arity + 2>& arguments, bool may_overwrite_g) {
  using F = Formulas<Row, arity>;
  constexpr auto count = static_cast<std::size_t>(std::popcount(F::template reads<j>));
  static_assert(count <= kernels::max_operands);
  std::array<const Tensor*, count> operands;
  std::size_t next = 0;
  for (std::size_t n = 0; n < arguments.size(); ++n) {
    if (F::contains(F::template reads<j>, n)) operands[next++] = &arguments[n];
  }
  const Tensor& g = arguments[0];
  Tensor dx =
      may_overwrite_g && detail::exclusive(g) ? g : detail::make_tensor(g.shape(), g.dtype());
  kernels::map(kernels_of<Row>().derivatives[j], g.dtype(), dx, operands);
  return dx;
}

/// Integers have no negative powers.
void check_exponents(const Tensor& exponents) {
  const Tensor least = amin(exponents.detach());
  if (least.dtype() == Dtype::boolean || least.item() >= 0) return;
  throw ValueError("pow: integers have no negative powers; got the exponent " + to_string(least));
}

/// A row applied to tensors whose values are computed in one dtype.
template <class Row, std::size_t arity>
struct Elementwise {
  using F = Formulas<Row, arity>;
  static constexpr OpInfo info{Row::name};
  static constexpr bool compares = std::tuple_size_v<decltype(Row::derivatives)> == 0;

  Dtype computed_in;

  template <class... Inputs>
  OpResult infer(const Inputs&... x) const {
    const std::array<const Tensor*, arity> inputs{&x...};
    OpResult y{inputs[0]->shape(), compares ? Dtype::boolean : computed_in};
    for (std::size_t i = 1; i < arity; ++i) {
      if (inputs[i]->shape() != y.shape)
        y.shape = broadcast_shapes(Row::name, y.shape, inputs[i]->shape());
    }
    if constexpr (Row::place == RowName::pow) {
      if (computed_in == Dtype::int64 && y.shape.size() > 0) check_exponents(*inputs[1]);
    }
    return y;
  }

  template <class... Inputs>
  void run(const Tensor& y, const Inputs&... x) const {
    const std::array<const Tensor*, arity> inputs{&x...};
    kernels::map(kernels_of<Row>().value, computed_in, y, inputs);
  }
};

/// With a rule: for each input that wants a gradient its formula, as one fused pass, or in
/// operations when the backward pass is recorded.
template <class Row, std::size_t arity>
struct DifferentiableElementwise : Elementwise<Row, arity> {
  using typename Elementwise<Row, arity>::F;

  explicit DifferentiableElementwise(const Elementwise<Row, arity>& op)
      : Elementwise<Row, arity>(op) {}

  template <class... Inputs>
  void keep(const Tensor& y, const Inputs&... x) {
    const std::array<const Tensor*, arity> inputs{&x...};
    each<arity>([&](auto i) {
      bool needed = false;
      for (std::size_t j = 0; j < arity; ++j) {
        needed = needed || (F::contains(F::all_reads[j], i + 1) && inputs[j]->requires_grad());
      }
      if constexpr (F::reads_any(i() + 1))
        inputs_[position(i + 1)] = SavedInput(*inputs[i], needed);
    });
    if constexpr (F::reads_any(arity + 1)) output_ = SavedOutput(y);
  }

  void vjp(Tensor&& g, const Send& send) const {
    std::array<Tensor, arity + 2> arguments;
    each<arity>([&](auto i) {
      if constexpr (F::reads_any(i() + 1)) arguments[i + 1] = inputs_[position(i + 1)].get();
    });
    if constexpr (F::reads_any(arity + 1)) arguments[arity + 1] = output_.get(send);
    arguments[0] = std::move(g);
    each<arity>([&](auto j) {
      if constexpr (F::template exists<j()>) {
        if (send.wanted(j())) send(j(), derivative<j()>(arguments, send));
      }
    });
  }

 private:
  static constexpr std::size_t position(std::size_t argument) {
    std::size_t before = 0;
    for (std::size_t n = 1; n < argument; ++n) before += F::reads_any(n) ? 1u : 0u;
    return before;
  }

  template <std::size_t j>
  static Tensor derivative(std::array<Tensor, arity + 2>& arguments, const Send& send) {
    bool last = true;  // nobody reads g afterwards
    for (std::size_t k = j + 1; k < arity; ++k) last = last && !send.wanted(k);
    Tensor dx;
    if constexpr (F::template is_gradient<j>) {
      dx = last ? std::move(arguments[0]) : arguments[0];
    } else if (recording()) {
      dx = std::apply(std::get<j>(Row::derivatives), arguments);
    } else {
      dx = fused_derivative<Row, arity, j>(arguments, last);
    }
    dx = sum_to(std::move(dx), send.shape(j));
    if (dx.dtype() != send.dtype(j)) dx = dx.to(send.dtype(j));
    return dx;
  }

  struct Nothing {};
  std::array<SavedInput, position(arity + 1)> inputs_;
  [[no_unique_address]] std::conditional_t<F::reads_any(arity + 1), SavedOutput, Nothing> output_;
};

/// The row applied to tensors whose values have the promoted dtype `dtype`.
template <class Row, class... Tensors>
Tensor elementwise(Dtype dtype, const Tensors&... x) {
  constexpr std::size_t arity = sizeof...(x);
  if constexpr (Row::domain == Domain::floating) {
    dtype = is_floating(dtype) ? dtype : Dtype::float64;
  } else if (Row::domain == Domain::numeric && dtype == Dtype::boolean) {
    throw DtypeError(std::string(Row::name) +
                     ": numbers are needed; got boolean (see operator! and not_equal)");
  }
  const Elementwise<Row, arity> op{dtype == Dtype::boolean ? Dtype::int64 : dtype};
  if constexpr (op.compares) {
    return apply(op, x...);
  } else {
    Tensor y = apply(DifferentiableElementwise<Row, arity>{op}, x...);
    return dtype == Dtype::boolean ? y.to(Dtype::boolean) : y;  // as NumPy: + is or, * is and
  }
}

template <class Row>
Tensor unary(const Tensor& x) {
  if (!x.body().number) [[likely]]
    return elementwise<Row>(x.dtype(), x);
  return detail::of_numbers(
      Row::name, {x}, [](std::span<const Tensor> constants) { return unary<Row>(constants[0]); });
}

/// Calls f(dtype, a, b) with both operands as tensors, a number adapted, and their promoted dtype.
template <class F>
Tensor with_tensors(const char* op, const Operand& left, const Operand& right, F&& f) {
  Tensor constants[2];
  const Tensor& a = left.tensor(op, right.dtype(), constants[0]);
  const Tensor& b = right.tensor(op, a.dtype(), constants[1]);
  return f(promote(a.dtype(), b.dtype()), a, b);
}

template <class Row>
Tensor binary(const Operand& a, const Operand& b) {
  if (a.is_number() && b.is_number()) [[unlikely]] {
    return detail::of_numbers(Row::name, {a, b}, [](std::span<const Tensor> constants) {
      return binary<Row>(constants[0], constants[1]);
    });
  }
  return with_tensors(Row::name, a, b, [](Dtype dtype, const Tensor& left, const Tensor& right) {
    return elementwise<Row>(dtype, left, right);
  });
}

/// A comparison. To an integer beyond int64, every int64 is as 0 is to 1.
template <class Row>
Tensor compared(const Operand& a, const Operand& b) {
  constexpr bool by_size = Row::place != RowName::logical_and && Row::place != RowName::logical_or;
  const auto beyond = [](const Operand& number, const Operand& other) {
    return number.exceeds_int64() && !other.is_number() && !is_floating(other.dtype());
  };
  const auto zeros_for = [](const Operand& other) {
    Tensor unused;
    return zeros_like(other.tensor(Row::name, other.dtype(), unused));
  };
  if (by_size && beyond(a, b)) return binary<Row>(1, zeros_for(b));
  if (by_size && beyond(b, a)) return binary<Row>(zeros_for(a), 1);
  return binary<Row>(a, b);
}

}  // namespace

#define XTAPE_UNARY(id, ...) \
  Tensor id(const Tensor& x) { return unary<kernels::id##_row>(x); }
#define XTAPE_BINARY(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return binary<kernels::id##_row>(a, b); }
#define XTAPE_TERNARY(id, ...)
#define XTAPE_COMPARE(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return compared<kernels::id##_row>(a, b); }
#include <xtape/ops/elementwise.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE

Tensor where(const Tensor& condition, const Operand& a, const Operand& b) {
  if (condition.dtype() != Dtype::boolean) {
    throw DtypeError("where: the condition must be boolean; got " + condition.describe());
  }
  if (a.is_number() && b.is_number()) [[unlikely]] {
    if (condition.rank() == 0) {
      return detail::of_numbers("where", {a, b}, [&](std::span<const Tensor> constants) {
        return where(condition, constants[0], constants[1]);
      });
    }
    Tensor constant;
    return where(condition, a.tensor("where", std::max(a.dtype(), b.dtype()), constant), b);
  }
  return with_tensors("where", a, b, [&](Dtype dtype, const Tensor& left, const Tensor& right) {
    return elementwise<kernels::select_row>(dtype, condition, left, right);
  });
}

Tensor clip(const Tensor& x, const Operand& low, const Operand& high) {
  if (x.body().number) [[unlikely]] {
    const NoGradGuard constant_bounds;
    return minimum(maximum(x, low), high);
  }
  Tensor constants[2];
  const Tensor& lower = low.tensor("clip", x.dtype(), constants[0]);
  const bool unbounded = high.exceeds_int64() && !is_floating(x.dtype());
  const Tensor& upper =
      unbounded ? constants[1] = tensor(INT64_MAX) : high.tensor("clip", x.dtype(), constants[1]);
  return elementwise<kernels::bounded_row>(
      promote(x.dtype(), promote(lower.dtype(), upper.dtype())), x, lower, upper);
}

Tensor isnan(const Tensor& x) { return x != x; }
Tensor isfinite(const Tensor& x) {
  const NoGradGuard off;
  return is_floating(x.dtype()) ? x - x == 0 : full(x.shape(), 1, Dtype::boolean);
}

}  // namespace xtape
