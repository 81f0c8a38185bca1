#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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

/// A name after what the modules that it leads through say, the innermost first.
std::string renamed(const NamedModules& modules, std::string name) {
  for (std::size_t i = modules.size(); i > 0;) {  // a module stands before its parts
    const auto& [path, module] = modules[--i];
    const std::string prefix = path.empty() ? "" : path + '.';
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    for (const auto& [own, other] : module->torch_names()) {
      const bool fits = own.ends_with('.') ? rest.starts_with(own) : rest == own;
      if (!fits) continue;
      name = prefix + other + std::string(rest.substr(own.size()));
      break;
    }
  }
  return name;
}

/// An entry of a state, and how PyTorch has it.
struct Entry {
  std::string name, other;
  bool transposed;
  Tensor tensor;
};

/// All that PyTorch keeps.
std::vector<Entry> entries_of(const Module& model) {
  const auto layouts = layouts_of(model);
  const NamedModules modules = model.named_modules();
  std::vector<Entry> entries;
  for (const auto& [name, tensor] : model.state()) {
    const auto found = layouts.find(name);
    const TorchLayout layout = found == layouts.end() ? TorchLayout::same : found->second;
    if (layout == TorchLayout::absent) continue;
    entries.push_back({name, renamed(modules, name), layout == TorchLayout::transposed, tensor});
  }
  return entries;
}

NamedTensors as_there(const std::vector<Entry>& entries) {
  NamedTensors kept;
  for (const Entry& entry : entries) {
    kept.emplace_back(entry.other,
                      entry.transposed ? transpose(entry.tensor).contiguous() : entry.tensor);
  }
  return kept;
}

}  // namespace

NamedTensors state(const Module& model) {
  const NoGradGuard off;
  return as_there(entries_of(model));
}

LeftOut restore(const Module& model, const NamedTensors& given, const RestoreOptions& options) {
  const NoGradGuard off;
  const ErrorContext in = model.here();
  const std::vector<Entry> entries = entries_of(model);
  // Checked as it is, so that errors speak of PyTorch's names and shapes; then turned.
  const xtape::detail::MatchedState matched =
      xtape::detail::match_state(as_there(entries), given, options);
  NamedTensors own;
  for (std::size_t i = 0; i < entries.size(); ++i) {  // matched in their order
    const Tensor& tensor = matched.entries[i].second;
    if (!tensor.defined()) continue;
    own.emplace_back(entries[i].name, entries[i].transposed ? transpose(tensor) : tensor);
  }
  model.restore(own, {.strict = false});
  return matched.left_out;
}

}  // namespace xtape::nn::torch
