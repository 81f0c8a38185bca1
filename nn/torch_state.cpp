#include <unordered_map>

#include <xtape/core/body.hpp>
#include <xtape/nn/torch_state.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn::torch {
namespace {

/// Of each entry that PyTorch keeps otherwise, by its path.
std::unordered_map<std::string, TorchLayout> layouts_of(const Module& model) {
  std::unordered_map<std::string, TorchLayout> layouts;
  for (const auto& [path, module] : model.named_modules()) {
    for (const auto& [name, layout] : module->torch_layouts())
      layouts.emplace(path.empty() ? name : path + '.' + name, layout);
  }
  return layouts;
}

}  // namespace

NamedTensors state(const Module& model) {
  const NoGradGuard off;
  const auto layouts = layouts_of(model);
  NamedTensors kept;
  for (const auto& [name, tensor] : model.state()) {
    const auto other = layouts.find(name);
    const TorchLayout layout = other == layouts.end() ? TorchLayout::same : other->second;
    if (layout == TorchLayout::absent) continue;
    kept.emplace_back(name, layout == TorchLayout::same ? tensor : transpose(tensor).contiguous());
  }
  return kept;
}

LeftOut restore(const Module& model, const NamedTensors& given, const RestoreOptions& options) {
  const NoGradGuard off;
  const ErrorContext in = model.here();
  const auto layouts = layouts_of(model);
  // Checked as it is, so that errors speak of PyTorch's shapes; then turned.
  xtape::detail::MatchedState matched = xtape::detail::match_state(state(model), given, options);
  NamedTensors own;
  for (auto& [name, tensor] : matched.entries) {
    if (!tensor.defined()) continue;
    const auto other = layouts.find(name);
    const bool turn = other != layouts.end() && other->second == TorchLayout::transposed;
    own.emplace_back(name, turn ? transpose(tensor) : tensor);
  }
  model.restore(own, {.strict = false});
  return matched.left_out;
}

}  // namespace xtape::nn::torch
