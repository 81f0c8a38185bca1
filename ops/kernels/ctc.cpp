#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <xtape/ops/kernels/ctc.hpp>

namespace xtape::kernels {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

/// log(exp(a) + exp(b) + exp(c)); NaN comes through.
double sum_of(double a, double b, double c) {
  if (a < b) std::swap(a, b);
  if (a < c) std::swap(a, c);
  if (std::isnan(a + b + c)) return a + b + c;
  if (b == nothing && c == nothing) return a;
  double others = 0;  // beside the greatest; many states are out of reach
  if (b != nothing) others += std::exp(b - a);
  if (c != nothing) others += std::exp(c - a);
  return a + std::log1p(others);
}

/// Paths end behind the last label or on it.
double whole(const Alignment& of, const double* last) {
  const std::int64_t states = of.states();
  return sum_of(last[states - 1], states > 1 ? last[states - 2] : nothing, nothing);
}

}  // namespace

template <class T>
double align(const Alignment& of, const T* log_p, double* forward) {
  const std::int64_t states = of.states();
  for (std::int64_t t = 0; t < of.steps; ++t, log_p += of.classes, forward += states) {
    const double* before = forward - states;
    for (std::int64_t s = 0; s < states; ++s) {
      double reached = nothing;
      if (t == 0) {
        reached = s < 2 ? 0 : nothing;
      } else {
        reached = sum_of(before[s], s > 0 ? before[s - 1] : nothing,
                         of.skips(s) ? before[s - 2] : nothing);
      }
      forward[s] =
          reached == nothing ? nothing : reached + static_cast<double>(log_p[of.emitted(s)]);
    }
  }
  return whole(of, forward - states);
}

template <class T>
void align_gradient(const Alignment& of, const T* log_p, double factor, double* forward,
                    double* backward, T* gradient) {
  const std::int64_t states = of.states();
  const double all = align(of, log_p, forward);
  std::fill_n(gradient, of.steps * of.classes, T{0});
  if (all == nothing) return;
  double *rest = backward,
         *next = backward + states;  // of paths behind a state, without what it emits
  for (std::int64_t t = of.steps - 1; t >= 0; --t) {
    for (std::int64_t s = 0; s < states; ++s) {
      if (t == of.steps - 1) {
        rest[s] = s + 2 >= states ? 0 : nothing;
      } else {
        rest[s] = sum_of(next[s], s + 1 < states ? next[s + 1] : nothing,
                         s + 2 < states && of.skips(s + 2) ? next[s + 2] : nothing);
      }
    }
    const T* emitted = log_p + t * of.classes;
    T* row = gradient + t * of.classes;
    for (std::int64_t s = 0; s < states; ++s) {
      const double through = forward[t * states + s] + rest[s];
      const std::int64_t k = of.emitted(s);
      row[k] += static_cast<T>(factor * std::exp(through - all));
      next[s] = rest[s] == nothing ? nothing : rest[s] + static_cast<double>(emitted[k]);
    }
  }
}

template double align(const Alignment&, const float*, double*);
template double align(const Alignment&, const double*, double*);
template void align_gradient(const Alignment&, const float*, double, double*, double*, float*);
template void align_gradient(const Alignment&, const double*, double, double*, double*, double*);

}  // namespace xtape::kernels
