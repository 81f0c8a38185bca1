#include <string>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/stack_parameters.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn::detail {
namespace {

/// Those of each module, which are alike.
std::vector<NamedTensors> checked(const std::string& op, std::span<const Module* const> modules) {
  if (modules.empty()) throw ValueError(op + ": a module is needed; got none");
  std::vector<NamedTensors> all;
  for (const Module* module : modules) {
    all.push_back(module->named_parameters());
    const NamedTensors &first = all.front(), &own = all.back();
    const std::string of = "; got those of module " + std::to_string(all.size() - 1) + " and 0";
    if (own.size() != first.size()) {
      throw ValueError(op + ": modules must have as many parameters" + of + ", " +
                       std::to_string(own.size()) + " and " + std::to_string(first.size()));
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Tensor &a = own[i].second, &b = first[i].second;
      const std::string text = op + ": parameters must be alike" + of + ", " + own[i].first + " " +
                               a.describe() + " and " + first[i].first + " " + b.describe();
      if (a.shape() != b.shape()) throw ShapeError(text);
      if (a.dtype() != b.dtype()) throw DtypeError(text);
    }
  }
  return all;
}

}  // namespace

Modules::Modules() = default;
Modules::~Modules() = default;
void Modules::add(const Module& module) { all_.push_back(&module); }
std::span<const Module* const> Modules::all() const { return all_; }

std::vector<Tensor> stack_parameters(std::span<const Module* const> modules) {
  const std::vector<NamedTensors> all = checked("stack_parameters", modules);
  std::vector<Tensor> stacked;
  for (std::size_t i = 0; i < all.front().size(); ++i) {
    std::vector<Tensor> each;
    each.reserve(all.size());
    for (const NamedTensors& own : all) each.push_back(own[i].second.detach());
    stacked.push_back(stack(each).set_requires_grad(all.front()[i].second.requires_grad()));
  }
  return stacked;
}

void unstack_parameters(const std::vector<Tensor>& stacked,
                        std::span<const Module* const> modules) {
  const std::string op = "unstack_parameters";
  const std::vector<NamedTensors> all = checked(op, modules);
  if (stacked.size() != all.front().size()) {
    throw ValueError(op + ": there must be a tensor for each of " +
                     std::to_string(all.front().size()) + " parameters; got " +
                     std::to_string(stacked.size()));
  }
  for (std::size_t i = 0; i < stacked.size(); ++i) {
    const auto& [name, parameter] = all.front()[i];
    Shape shape{static_cast<std::int64_t>(modules.size())};
    for (const std::int64_t extent : parameter.shape()) shape.push_back(extent);
    if (stacked[i].shape() == shape && stacked[i].dtype() == parameter.dtype()) continue;
    throw ShapeError(op + ": the tensor of " + name + " must be " +
                     std::string(to_string(parameter.dtype())) + to_string(shape) + "; got " +
                     stacked[i].describe());
  }
  const NoGradGuard off;
  for (std::size_t i = 0; i < stacked.size(); ++i) {
    for (std::size_t module = 0; module < all.size(); ++module)
      all[module][i].second.assign(stacked[i].detach()[static_cast<std::int64_t>(module)]);
  }
}

}  // namespace xtape::nn::detail
