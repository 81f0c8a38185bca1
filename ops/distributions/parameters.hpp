#pragma once
#include <initializer_list>
#include <limits>

#include <xtape/core/shape.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/distributions.hpp>

/// What the files of this folder share.
namespace xtape::distributions {

inline constexpr double log_2_pi = 1.8378770664093454836;
inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double minus_infinity = -infinity;
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// What the numbers of a parameter must be.
enum class Range { any, positive, not_negative, probability };

/// Throws ValueError for a parameter that is undefined or has a number out of range, DtypeError for
/// truth values. Within vmap it looks at those of all examples.
void check_parameter(const char* distribution, const char* name, const Tensor& parameter,
                     Range range);

/// A parameter as it is held: a tensor of integers in float64.
Tensor in_floating(const Tensor& parameter);

/// The floating dtype that tensors of parameters have together; numbers take any, and alone the
/// default one, float64 where it does not hold them.
Dtype dtype_of(std::initializer_list<const Tensor*> parameters);

/// A number as a tensor in the dtype of the tensors among others, if there are any: that it would
/// take beside one of them.
Tensor beside(const Tensor& x, std::initializer_list<const Tensor*> others);

/// What a distribution has together: the shape to which its parameters broadcast, and their dtype.
struct Batch {
  Batch(const char* distribution, std::initializer_list<const Tensor*> parameters);
  /// A tensor, or a number, like these.
  Tensor operator()(const Tensor& x) const;
  Shape shape;
  Dtype dtype;
};

/// What is asked for the probability of something discrete: a constant, integers in this dtype.
Tensor as_discrete(const Tensor& x, Dtype dtype);

/// All axes but the last.
Shape without_last(Shape shape);
/// The axes of both, one behind the other.
Shape joined(const Shape& first, const Shape& second);
/// A parameter for draws, in float64, each with an element of its own.
Tensor for_draws(const Tensor& parameter, const Shape& shape);
/// The values of such a parameter. Throws ValueError within vmap where it differs.
Tensor values_of(const char* draw, const Tensor& parameter);

}  // namespace xtape::distributions
