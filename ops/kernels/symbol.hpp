#pragma once
#include <type_traits>

#include <xtape/core/kernels/level.hpp>

/// Formulas evaluated on names instead of numbers: tells the compiler which of its arguments a
/// formula reads.
namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// The formula reads the arguments whose bits are set.
template <unsigned arguments>
struct Symbol {
  static constexpr unsigned value = arguments;
};

/// The n-th argument itself.
template <unsigned n>
struct Argument : Symbol<1u << n> {};

template <class T>
concept AnySymbol = requires {
  []<unsigned arguments>(const Symbol<arguments>&) {}(T{});
};

template <class T>
constexpr unsigned reads_of() {
  if constexpr (AnySymbol<T>)
    return T::value;
  else
    return 0;
}

template <class... Args>
concept WithSymbol = (AnySymbol<Args> || ...);

template <class... Args>
using Combined = Symbol<(reads_of<Args>() | ... | 0u)>;

#define XTAPE_SYMBOL_FUNCTION(name) \
  template <class... Args>          \
  requires WithSymbol<Args...>      \
  constexpr Combined<Args...> name(Args...) { return {}; }
XTAPE_SYMBOL_FUNCTION(sqrt)
XTAPE_SYMBOL_FUNCTION(exp)
XTAPE_SYMBOL_FUNCTION(expm1)
XTAPE_SYMBOL_FUNCTION(scaled_exp)
XTAPE_SYMBOL_FUNCTION(log)
XTAPE_SYMBOL_FUNCTION(log1p)
XTAPE_SYMBOL_FUNCTION(sin)
XTAPE_SYMBOL_FUNCTION(cos)
XTAPE_SYMBOL_FUNCTION(tanh)
XTAPE_SYMBOL_FUNCTION(sinh)
XTAPE_SYMBOL_FUNCTION(cosh)
XTAPE_SYMBOL_FUNCTION(hypot)
XTAPE_SYMBOL_FUNCTION(round)
XTAPE_SYMBOL_FUNCTION(erf)
XTAPE_SYMBOL_FUNCTION(erfc)
XTAPE_SYMBOL_FUNCTION(abs)
XTAPE_SYMBOL_FUNCTION(sign)
XTAPE_SYMBOL_FUNCTION(sigmoid)
XTAPE_SYMBOL_FUNCTION(maximum)
XTAPE_SYMBOL_FUNCTION(minimum)
XTAPE_SYMBOL_FUNCTION(where)
XTAPE_SYMBOL_FUNCTION(pow)
XTAPE_SYMBOL_FUNCTION(pow_base_slope)
XTAPE_SYMBOL_FUNCTION(pow_exponent_slope)
XTAPE_SYMBOL_FUNCTION(tanh_slope)
XTAPE_SYMBOL_FUNCTION(sigmoid_slope)
XTAPE_SYMBOL_FUNCTION(sigmoid_less)
XTAPE_SYMBOL_FUNCTION(erf_slope)
XTAPE_SYMBOL_FUNCTION(one_less_square)
XTAPE_SYMBOL_FUNCTION(root_of_square_less_one)
XTAPE_SYMBOL_FUNCTION(exp2_slope)
XTAPE_SYMBOL_FUNCTION(angle_slope)
XTAPE_SYMBOL_FUNCTION(hypot_slope)
XTAPE_SYMBOL_FUNCTION(silu_slope)
XTAPE_SYMBOL_FUNCTION(gelu_slope)
XTAPE_SYMBOL_FUNCTION(gelu_tanh_slope)
XTAPE_SYMBOL_FUNCTION(mish_slope)
XTAPE_SYMBOL_FUNCTION(digamma)
XTAPE_SYMBOL_FUNCTION(digamma_less)
XTAPE_SYMBOL_FUNCTION(next_order)
XTAPE_SYMBOL_FUNCTION(polygamma)
XTAPE_SYMBOL_FUNCTION(erfinv_slope)
XTAPE_SYMBOL_FUNCTION(ndtri_slope)
XTAPE_SYMBOL_FUNCTION(normal_density)
XTAPE_SYMBOL_FUNCTION(log_ndtr_slope)
XTAPE_SYMBOL_FUNCTION(repeated_erfcx)
XTAPE_SYMBOL_FUNCTION(erfcx_slope)
XTAPE_SYMBOL_FUNCTION(sinc_slope)
XTAPE_SYMBOL_FUNCTION(i1)
XTAPE_SYMBOL_FUNCTION(i0e_slope)
XTAPE_SYMBOL_FUNCTION(i1_slope)
XTAPE_SYMBOL_FUNCTION(i1e_slope)
XTAPE_SYMBOL_FUNCTION(iv)
XTAPE_SYMBOL_FUNCTION(ive)
XTAPE_SYMBOL_FUNCTION(spherical_jn)
XTAPE_SYMBOL_FUNCTION(flat)
XTAPE_SYMBOL_FUNCTION(where_positive)
XTAPE_SYMBOL_FUNCTION(nonnegative)
XTAPE_SYMBOL_FUNCTION(over)
XTAPE_SYMBOL_FUNCTION(times)
#undef XTAPE_SYMBOL_FUNCTION

#define XTAPE_SYMBOL_OPERATOR(op) \
  template <class A, class B>     \
  requires WithSymbol<A, B>       \
  constexpr Combined<A, B> operator op(A, B) { return {}; }
XTAPE_SYMBOL_OPERATOR(+)
XTAPE_SYMBOL_OPERATOR(-)
XTAPE_SYMBOL_OPERATOR(*)
XTAPE_SYMBOL_OPERATOR(/)
XTAPE_SYMBOL_OPERATOR(<)
XTAPE_SYMBOL_OPERATOR(<=)
XTAPE_SYMBOL_OPERATOR(>)
XTAPE_SYMBOL_OPERATOR(>=)
XTAPE_SYMBOL_OPERATOR(==)
XTAPE_SYMBOL_OPERATOR(!=)
XTAPE_SYMBOL_OPERATOR(&)
XTAPE_SYMBOL_OPERATOR(|)
#undef XTAPE_SYMBOL_OPERATOR

template <AnySymbol A>
constexpr Combined<A> operator-(A) {
  return {};
}
template <AnySymbol A>
constexpr Combined<A> operator!(A) {
  return {};
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
