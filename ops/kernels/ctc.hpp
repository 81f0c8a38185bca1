#pragma once
#include <cstdint>

/// Connectionist temporal classification: a sequence of labels against the logarithms of
/// probabilities of each step. Its states are the labels with a blank before, between and behind
/// them. Source: Graves et al., Connectionist Temporal Classification (2006), section 4.
namespace xtape::kernels {

struct Alignment {
  const std::int64_t* labels;
  std::int64_t count, blank, steps, classes;

  std::int64_t states() const { return 2 * count + 1; }
  /// The class that a state emits.
  std::int64_t emitted(std::int64_t state) const {
    return state % 2 == 0 ? blank : labels[state / 2];
  }
  /// Whether a path may come from the state before last: between two labels that differ.
  bool skips(std::int64_t state) const {
    return state > 2 && state % 2 == 1 && labels[state / 2] != labels[state / 2 - 1];
  }
};

/// The logarithm of the probability of all paths; -inf if there is none. `forward` has room for
/// [steps, states]: the logarithms of the probabilities of paths up to a state, with what it emits.
template <class T>
double align(const Alignment& of, const T* log_p, double* forward);

/// And its derivative by log_p: how probable each class is at each step, times `factor`, in
/// gradient [steps, classes]; zeros if there is no path. `backward` has room for 2 [states].
template <class T>
void align_gradient(const Alignment& of, const T* log_p, double factor, double* forward,
                    double* backward, T* gradient);

extern template double align(const Alignment&, const float*, double*);
extern template double align(const Alignment&, const double*, double*);
extern template void align_gradient(const Alignment&, const float*, double, double*, double*,
                                    float*);
extern template void align_gradient(const Alignment&, const double*, double, double*, double*,
                                    double*);

}  // namespace xtape::kernels
