#pragma once
// Algorithms that fewer programs use, as those of rules.hpp: an element w, its gradient g, its
// state.

#include <xtape/optim/kernels/update.hpp>

namespace xtape::kernels {

/// Momentum of which a gradient is a part: gain = 1 - dampening.
struct DampedMomentum {
  static constexpr OpInfo info{"sgd_momentum"};
  static constexpr std::size_t slots = 1;
  double rate, momentum, gain;
  void attributes(auto& visit) const {
    visit("momentum", momentum);
    visit("gain", gain);
  }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v - rate * gain * g;
    w = w + v;
  }
};

/// The same, v collecting gradients.
struct DampedBufferedMomentum {
  static constexpr OpInfo info{"sgd_buffered_momentum"};
  static constexpr std::size_t slots = 1;
  double rate, momentum, gain;
  void attributes(auto& visit) const {
    visit("momentum", momentum);
    visit("gain", gain);
  }
  void operator()(auto& w, auto g, auto& v) const {
    v = momentum * v + gain * g;
    w = w - rate * v;
  }
};

/// Graves (2013), equations 38 and 39: RMSprop by the running variance, a being the mean.
struct CentredRMSprop {
  static constexpr OpInfo info{"rmsprop_centred"};
  static constexpr std::size_t slots = 2;
  double rate, rho, epsilon;
  void attributes(auto& visit) const {
    visit("rho", rho);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& c, auto& a) const {
    c = rho * c + (1 - rho) * g * g;
    a = rho * a + (1 - rho) * g;
    w = w - rate * g / (sqrt(maximum(c - a * a, 0)) + epsilon);
  }
};

/// RMSprop's steps collected in v.
struct RMSpropMomentum {
  static constexpr OpInfo info{"rmsprop_momentum"};
  static constexpr std::size_t slots = 2;
  double rate, rho, epsilon, momentum;
  void attributes(auto& visit) const {
    visit("rho", rho);
    visit("epsilon", epsilon);
    visit("momentum", momentum);
  }
  void operator()(auto& w, auto g, auto& c, auto& v) const {
    c = rho * c + (1 - rho) * g * g;
    v = momentum * v + g / (sqrt(c) + epsilon);
    w = w - rate * v;
  }
};

/// Both.
struct CentredRMSpropMomentum {
  static constexpr OpInfo info{"rmsprop_centred_momentum"};
  static constexpr std::size_t slots = 3;
  double rate, rho, epsilon, momentum;
  void attributes(auto& visit) const {
    visit("rho", rho);
    visit("epsilon", epsilon);
    visit("momentum", momentum);
  }
  void operator()(auto& w, auto g, auto& c, auto& a, auto& v) const {
    c = rho * c + (1 - rho) * g * g;
    a = rho * a + (1 - rho) * g;
    v = momentum * v + g / (sqrt(maximum(c - a * a, 0)) + epsilon);
    w = w - rate * v;
  }
};

/// Zeiler (2012), algorithm 1.
struct AdadeltaRule {
  static constexpr OpInfo info{"adadelta"};
  static constexpr std::size_t slots = 2;
  double rate, rho, epsilon;
  void attributes(auto& visit) const {
    visit("rho", rho);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& c, auto& s) const {
    c = rho * c + (1 - rho) * g * g;
    const auto step = sqrt(s + epsilon) / sqrt(c + epsilon) * g;
    s = rho * s + (1 - rho) * step * step;
    w = w - rate * step;
  }
};

/// Kingma and Ba (2015), algorithm 2: scale = rate / (1 - beta1^t).
struct AdamaxRule {
  static constexpr OpInfo info{"adamax"};
  static constexpr std::size_t slots = 2;
  double beta1, beta2, scale, epsilon;
  void attributes(auto& visit) const {
    visit("beta1", beta1);
    visit("beta2", beta2);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& m, auto& u) const {
    m = beta1 * m + (1 - beta1) * g;
    u = maximum(beta2 * u, abs(g) + epsilon);
    w = w - scale * m / u;
  }
};

/// Dozat (2016): a part of the gradient's own step, and one of the moment's that is to come.
/// root = 1 / sqrt(1 - beta2^t).
struct NAdamRule {
  static constexpr OpInfo info{"nadam"};
  static constexpr std::size_t slots = 2;
  double beta1, beta2, now, ahead, root, epsilon;
  void attributes(auto& visit) const {
    visit("beta1", beta1);
    visit("beta2", beta2);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    w = w - (now * g + ahead * m) / (root * sqrt(v) + epsilon);
  }
};

/// Liu et al. (2020), algorithm 2: Adam once there are enough gradients for a variance, adaptive =
/// 1, and the first moment alone, adaptive = 0, before.
struct RAdamRule {
  static constexpr OpInfo info{"radam"};
  static constexpr std::size_t slots = 2;
  double beta1, beta2, scale, epsilon, adaptive;
  void attributes(auto& visit) const {
    visit("beta1", beta1);
    visit("beta2", beta2);
    visit("epsilon", epsilon);
  }
  void operator()(auto& w, auto g, auto& m, auto& v) const {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    w = w - scale * m / (adaptive * (sqrt(v) + epsilon) + (1 - adaptive));
  }
};

/// Chen et al. (2023), algorithm 2.
struct LionRule {
  static constexpr OpInfo info{"lion"};
  static constexpr std::size_t slots = 1;
  double rate, beta1, beta2;
  void attributes(auto& visit) const {
    visit("beta1", beta1);
    visit("beta2", beta2);
  }
  void operator()(auto& w, auto g, auto& m) const {
    w = w - rate * sign(beta1 * m + (1 - beta1) * g);
    m = beta2 * m + (1 - beta2) * g;
  }
};

/// A rule after w has been shrunk: weight decay that is no part of the gradient.
template <class Rule>
struct Shrunk {
  static constexpr OpInfo info = Rule::info;
  static constexpr std::size_t slots = Rule::slots;
  Rule rule;
  double shrink;
  void attributes(auto& visit) const {
    rule.attributes(visit);
    visit("shrink", shrink);
  }
  void operator()(auto& w, auto g, auto&... state) const {
    w = w - shrink * w;
    rule(w, g, state...);
  }
};

/// By the rule, with weight decay that is a part of the gradient or decoupled from it.
template <class Rule>
void update(const optim::Update& of, const Rule& rule, double weight_decay, bool decoupled) {
  if (decoupled && weight_decay > 0)
    update(of, Shrunk<Rule>{rule, of.rate * weight_decay});
  else
    update(of, rule, weight_decay);
}

}  // namespace xtape::kernels
