#pragma once
#include <xtape/core/dtype.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/require.hpp>

/// Small numbers that keep roots and quotients finite, before anything is done with them beside
/// numbers of a dtype: one that this takes for 0, or for infinite, is refused.
namespace xtape::detail {

/// Throws ValueError unless eps is at least 0 and kept by the dtype.
inline double require_eps(const char* op, double eps, Dtype dtype, const char* what = "eps") {
  require_not_negative(op, what, eps);
  Number(eps).check_kept(op, dtype);
  return eps;
}
/// The same, and for 0.
inline double require_positive_eps(const char* op, double eps, Dtype dtype,
                                   const char* what = "eps") {
  return require_eps(op, require_positive(op, what, eps), dtype, what);
}

}  // namespace xtape::detail
