#pragma once
// The algorithms: what becomes of an element w of a parameter, given its gradient g and the
// optimizer's state of it. Written once, for numbers of any kind.

#include <cstddef>

#include <xtape/core/operation.hpp>

namespace xtape::kernels {

/// w -= rate g
struct GradientDescent {
  static constexpr OpInfo info{"sgd"};
  static constexpr std::size_t slots = 0;
  double rate;
  void attributes(auto&) const {}
  void operator()(auto& w, auto g) const { w = w - rate * g; }
};

/// Momentum, v collecting steps.
struct Momentum {
  static constexpr OpInfo info{"sgd_momentum"};
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void attributes(auto& visit) const { visit("momentum", momentum); }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v - rate * g;
    w = w + v;
  }
};
struct Nesterov {
  static constexpr OpInfo info{"sgd_nesterov"};
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void attributes(auto& visit) const { visit("momentum", momentum); }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v - rate * g;
    w = w + momentum * v - rate * g;
  }
};

/// Momentum, v collecting gradients.
struct BufferedMomentum {
  static constexpr OpInfo info{"sgd_buffered_momentum"};
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void attributes(auto& visit) const { visit("momentum", momentum); }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v + g;
    w = w - rate * v;
  }
};
struct BufferedNesterov {
  static constexpr OpInfo info{"sgd_buffered_nesterov"};
  static constexpr std::size_t slots = 1;
  double rate, momentum;
  void attributes(auto& visit) const { visit("momentum", momentum); }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v + g;
    w = w - rate * (g + momentum * v);
  }
};

/// Duchi et al. (2011).
struct AdagradRule {
  static constexpr OpInfo info{"adagrad"};
  static constexpr std::size_t slots = 1;
  double rate, epsilon, initial;
  void attributes(auto& visit) const {
    visit("epsilon", epsilon);
    visit("initial", initial);
  }
  void operator()(auto& w, auto g, auto& c) const {
    c = c + g * g;
    w = w - rate * g / (sqrt(c + initial) + epsilon);
  }
};

/// Tieleman and Hinton (2012).
struct RMSpropRule {
  static constexpr OpInfo info{"rmsprop"};
  static constexpr std::size_t slots = 1;
  double rate, rho, epsilon;
  void attributes(auto& visit) const {
    visit("rho", rho);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& c) const {
    c = rho * c + (1 - rho) * g * g;
    w = w - rate * g / (sqrt(c) + epsilon);
  }
};

/// Kingma and Ba (2015), algorithm 1: scale = rate / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t).
struct AdamRule {
  static constexpr OpInfo info{"adam"};
  static constexpr std::size_t slots = 2;
  double beta1, beta2, scale, root, epsilon;
  void attributes(auto& visit) const {
    visit("beta1", beta1);
    visit("beta2", beta2);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    w = w - scale * m / (root * sqrt(v) + epsilon);
  }
};

/// Reddi et al. (2018), algorithm 2: Adam by the greatest second moment so far.
struct AMSGradRule {
  static constexpr OpInfo info{"amsgrad"};
  static constexpr std::size_t slots = 3;
  AdamRule adam;
  void attributes(auto& visit) const { adam.attributes(visit); }
  void operator()(auto& w, auto g, auto& m, auto& v, auto& greatest) const {
    const auto& [beta1, beta2, scale, root, epsilon] = adam;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    greatest = maximum(greatest, v);
    w = w - scale * m / (root * sqrt(greatest) + epsilon);
  }
};

/// Loshchilov and Hutter (2019): Adam after w has been shrunk.
struct AdamWRule {
  static constexpr OpInfo info{"adamw"};
  static constexpr std::size_t slots = 2;
  AdamRule adam;
  double shrink;
  void attributes(auto& visit) const {
    adam.attributes(visit);
    visit("shrink", shrink);
  }
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    w = w - shrink * w;
    adam(w, g, m, v);
  }
};

/// A rule for the gradient of the loss and of weight_decay / 2 times w².
template <class Rule>
struct Decayed {
  static constexpr OpInfo info = Rule::info;
  static constexpr std::size_t slots = Rule::slots;
  Rule rule;
  double weight_decay;
  void attributes(auto& visit) const {
    rule.attributes(visit);
    visit("weight_decay", weight_decay);
  }
  void operator()(auto& w, auto g, auto&... state) const {
    rule(w, g + weight_decay * w, state...);
  }
};

}  // namespace xtape::kernels
