#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/optim/averaging.hpp>
#include <xtape/optim/kernels/state.hpp>

namespace xtape::optim {

Averaging::Averaging(const Parameters& parameters, const AveragingOptions& options)
    : parameters_(parameters.named()), options_(options) {
  if (parameters_.empty()) throw ValueError("averaging: parameters are needed; got none");
  if (options.decay)
    detail::require(*options.decay >= 0 && *options.decay < 1, "averaging", "decay",
                    "lie in [0, 1)", *options.decay);
  else if (options.warm_up)
    throw ValueError("averaging: warm_up needs a decay");
  for (const auto& [name, parameter] : parameters_) averages_.push_back(parameter.detach().clone());
}

void Averaging::update() {
  if (applied_)
    throw ValueError("averaging: update() must not be called while the averages are applied");
  const detail::Act act("update", [&] {
    return [this, alive = alive_.weak()] {
      alive.require("an average");
      update();
    };
  });
  const NoGradGuard off;
  const auto n = static_cast<double>(updates_ + 1);
  double share = 1 / n;
  if (options_.decay && updates_ > 0)
    share = 1 - (options_.warm_up ? std::min(*options_.decay, n / (n + 9)) : *options_.decay);
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const Tensor value = parameters_[i].second.detach(), average = averages_[i].to(value.dtype());
    next.push_back(share == 1 ? value.clone() : average + share * (value - average));
  }
  averages_ = std::move(next);
  ++updates_;
}

NamedTensors Averaging::average() const {
  NamedTensors averages;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages.emplace_back(parameters_[i].first, averages_[i]);
  return averages;
}

Averaging::Applied::Applied(Averaging& averaging) : averaging_(averaging) {
  if (averaging.applied_) throw ValueError("averaging: the averages are applied already");
  for (std::size_t i = 0; i < averaging.averages_.size(); ++i) {
    const Tensor& parameter = averaging.parameters_[i].second;
    before_.push_back(parameter.detach().clone());
    values_.push_back(averaging.averages_[i].to(parameter.dtype()).clone());
  }
  for (std::size_t i = 0; i < values_.size(); ++i)
    detail::replace_value(averaging.parameters_[i].second, values_[i]);
  averaging.applied_ = true;
}

/// What is written does not go into memory that others hold, as `values_` does.
bool Averaging::Applied::changed() const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Tensor& parameter = averaging_.parameters_[i].second;
    if (parameter.body().data != values_[i].body().data) return true;
  }
  return false;
}

Averaging::Applied::~Applied() {
  for (std::size_t i = 0; i < before_.size(); ++i)
    detail::replace_value(averaging_.parameters_[i].second, before_[i]);
  averaging_.applied_ = false;
}

NamedTensors Averaging::state() const {
  NamedTensors state{{"updates", number(updates_)}};
  for (NamedTensor& average : this->average()) state.push_back(std::move(average));
  return state;
}

void Averaging::restore(const NamedTensors& given) {
  const NamedTensors entries = entries_like(state(), given);
  updates_ = number<std::int64_t>(entries[0].second);
  for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i] = entries[i + 1].second;
}

}  // namespace xtape::optim
