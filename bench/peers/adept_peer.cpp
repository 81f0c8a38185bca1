// The scalar models of bench/scalar_models.cpp with Adept, which records expressions as statements
// on a stack. Speaks the protocol of ../peer.hpp, and says `none` of other workloads.

#include <adept_arrays.h>
#include <adept_source.h>

#include <functional>
#include <iostream>
#include <sstream>
#include <string>

#include "../contestant.hpp"
#include "../memory_used.hpp"

namespace {

using adept::adouble;

/// y = a y + b, 500 times.
adouble chain(const adouble& a, const adouble& b) {
  adouble y = b;
  for (int i = 0; i < 500; ++i) y = a * y + b;
  return y;
}

struct State {
  adouble angle, speed;
};

State moved(const State& from, const State& slope, double by) {
  return {from.angle + by * slope.angle, from.speed + by * slope.speed};
}

/// A damped pendulum over 100 steps of Runge and Kutta.
adouble pendulum(const adouble& stiffness, const adouble& damping) {
  const auto slope = [&](const State& at) {
    return State{at.speed, -(stiffness * sin(at.angle)) - damping * at.speed};
  };
  const double h = 0.01;
  State at{1.0, 0.0};
  for (int i = 0; i < 100; ++i) {
    const State k1 = slope(at), k2 = slope(moved(at, k1, h / 2)), k3 = slope(moved(at, k2, h / 2)),
                k4 = slope(moved(at, k3, h));
    at = moved(moved(at, k1, h / 6), k2, h / 3);
    at = moved(moved(at, k3, h / 3), k4, h / 6);
  }
  return at.angle;
}

/// A step gives the value and its derivatives, added up.
struct Model {
  adept::Stack& stack;
  adouble (*value)(const adouble&, const adouble&);
  double first, second;

  double step() const {
    adouble a = first, b = second;
    stack.new_recording();
    adouble y = value(a, b);
    y.set_gradient(1.0);
    stack.reverse();
    return y.value() + a.get_gradient() + b.get_gradient();
  }
};

std::string answer(adept::Stack& stack, double before, const std::string& line) {
  std::istringstream in(line);
  std::string command, name;
  int steps = 0;
  in >> command >> name >> steps;
  if (command == "version") return "Adept " ADEPT_VERSION_STR;
  if (name != "m" && name != "m-rk4") return "none";
  const Model model =
      name == "m" ? Model{stack, chain, 0.999, 0.001} : Model{stack, pendulum, 9.81, 0.3};
  std::ostringstream out;
  out.precision(9);
  if (command == "losses") {
    for (int i = 0; i < steps; ++i) out << model.step() << ' ';
  } else if (command == "step") {
    out << bench::time_steps(model, steps);
  } else {
    bench::time_steps(model, 1);
    const double faults = bench::page_faults();
    for (int i = 0; i < steps; ++i) model.step();
    out << (bench::page_faults() - faults) / steps << ' '
        << bench::memory_megabytes("VmHWM") - before;
  }
  return out.str();
}

}  // namespace

int main() {
  const double before = bench::memory_megabytes("VmRSS");
  adept::Stack stack;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(stack, before, line) << std::endl;
  }
}
