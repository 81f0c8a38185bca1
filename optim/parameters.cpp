#include <string>
#include <utility>

#include <xtape/optim/parameters.hpp>

namespace xtape::optim {

Parameters::Parameters(std::initializer_list<Tensor> parameters)
    : Parameters(std::vector<Tensor>(parameters)) {}

Parameters::Parameters(std::initializer_list<NamedTensor> parameters) : list_(parameters) {}

Parameters::Parameters(const std::vector<Tensor>& parameters) : numbered_(true) {
  list_.reserve(parameters.size());
  for (const Tensor& parameter : parameters) list_.emplace_back(std::string(), parameter);
}

Parameters::Parameters(NamedTensors parameters) : list_(std::move(parameters)) {}

NamedTensors Parameters::named(std::size_t first) const {
  NamedTensors list = list_;
  if (!numbered_) return list;
  for (auto& [name, parameter] : list) name = std::to_string(first++);
  return list;
}

}  // namespace xtape::optim
