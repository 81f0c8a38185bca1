#pragma once
// The algorithms: what becomes of an element w of a parameter, given its gradient g and the
// optimizer's state of it. Written once, for numbers of any kind.

#include <cstddef>

namespace xtape::kernels {

/// w -= rate g
struct GradientDescent {
  static constexpr std::size_t slots = 0;
  double rate;
  void operator()(auto& w, auto g) const { w = w - rate * g; }
};

/// Momentum, v collecting steps.
struct Momentum {
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v - rate * g;
    w = w + v;
  }
};
struct Nesterov {
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v - rate * g;
    w = w + momentum * v - rate * g;
  }
};

/// Momentum, v collecting gradients.
struct BufferedMomentum {
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v + g;
    w = w - rate * v;
  }
};
struct BufferedNesterov {
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v + g;
    w = w - rate * (g + momentum * v);
  }
};

/// Duchi et al. (2011).
struct AdagradRule {
  static constexpr std::size_t slots = 1;
  double rate, epsilon;
  void operator()(auto& w, auto g, auto& c) const {
    c = c + g * g;
    w = w - rate * g / (sqrt(c) + epsilon);
  }
};

/// Tieleman and Hinton (2012).
struct RMSpropRule {
  static constexpr std::size_t slots = 1;
  double rate, rho, epsilon;
  void operator()(auto& w, auto g, auto& c) const {
    c = rho * c + (1 - rho) * g * g;
    w = w - rate * g / (sqrt(c) + epsilon);
  }
};

/// Kingma and Ba (2015), algorithm 1: scale = rate / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t).
struct AdamRule {
  static constexpr std::size_t slots = 2;
  double beta1, beta2, scale, root, epsilon;
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    w = w - scale * m / (root * sqrt(v) + epsilon);
  }
};

/// Loshchilov and Hutter (2019): Adam after w has been shrunk.
struct AdamWRule {
  static constexpr std::size_t slots = 2;
  AdamRule adam;
  double shrink;
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    w = w - shrink * w;
    adam(w, g, m, v);
  }
};

}  // namespace xtape::kernels
