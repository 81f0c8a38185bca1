#include <cmath>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {
namespace {

void check(const char* what, bool fits, const char* range, double value) {
  if (fits) return;
  throw ValueError("adam: " + std::string(what) + " must lie in " + range + "; got " +
                   std::to_string(value));
}

}  // namespace

Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options) {
  add_group(parameters, options);
}

void Adam::add_group(const std::vector<Tensor>& parameters, const AdamOptions& options) {
  check("beta1", options.beta1 >= 0 && options.beta1 < 1, "[0, 1)", options.beta1);
  check("beta2", options.beta2 >= 0 && options.beta2 < 1, "[0, 1)", options.beta2);
  check("epsilon", options.epsilon >= 0 && std::isfinite(options.epsilon), "[0, inf)",
        options.epsilon);
  Group group{options, {}};
  for (const Tensor& parameter : parameters)
    group.moments.push_back({zeros_like(parameter), zeros_like(parameter)});
  groups_.reserve(groups_.size() + 1);  // the base class and this one add the group, or neither
  add_parameters(parameters, options.learning_rate, options.decay);
  groups_.push_back(std::move(group));
}

void Adam::update(std::size_t group, std::size_t index, const Tensor& parameter,
                  const Tensor& gradient, double rate, std::int64_t t) {
  const auto& [options, moments] = groups_[group];
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double scale = rate / (1 - std::pow(beta1, static_cast<double>(t)));
  const double correction = 1 / (1 - std::pow(beta2, static_cast<double>(t)));
  kernels::update(parameter, gradient, moments[index], [=](auto& p, auto g, auto& m, auto& v) {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    p = p - scale * m / (sqrt(correction * v) + epsilon);
  });
}

}  // namespace xtape::optim
