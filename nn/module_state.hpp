#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/nn/module.hpp>

namespace xtape::nn {

/// What the copies of a module share.
struct Module::State final : ErrorContext::Place, std::enable_shared_from_this<Module::State> {
  struct Penalty {
    Tensor w;
    double l1, l2;
  };
  struct Parent {
    State* state;
    std::string name;  // that it has for this one
  };
  bool training = true;
  std::int64_t said = 0;        // how often `train` or `eval` was called, see EvaluationScope
  bool turned = false;          // an odd number of times, see turn_switch
  std::optional<Dtype> dtype;   // that it was turned into
  std::string type, arguments;  // as the module describes itself
  std::vector<std::pair<std::string, TorchLayout>> torch_layouts;
  std::vector<std::pair<std::string, std::string>> torch_names;
  const std::type_info* registered_type = nullptr;  // with which it became a part
  NamedTensors parameters, buffers;
  std::vector<std::pair<std::string, std::shared_ptr<State>>> children;
  std::vector<Penalty> penalties;
  std::vector<std::shared_ptr<const ModuleHooks>> hooks;
  std::vector<Parent> parents;  // one for each time that this is a child; they outlive it, or leave

  State() = default;
  /// A copy without parents and children; tensors are cloned if a CloneScope is there.
  State(const State& other)
      : Place(other),
        std::enable_shared_from_this<State>(other),  // which copies nothing
        training(other.training),
        dtype(other.dtype),
        type(other.type),
        arguments(other.arguments),
        torch_layouts(other.torch_layouts),
        torch_names(other.torch_names),
        registered_type(other.registered_type),
        parameters(other.parameters),
        buffers(other.buffers),
        penalties(other.penalties) {}
  State& operator=(const State&) = delete;
  /// To training or evaluation.
  void set_training(bool on) {
    if (std::exchange(training, on) == on) return;
    turned = !turned;
    xtape::detail::turn_switch(this);
  }
  ~State() override {
    if (turned) xtape::detail::turn_switch(this);
    for (const auto& [name, child] : children) leave(*child, name);
  }

  void add_child(const std::string& name, const std::shared_ptr<State>& child) {
    children.reserve(children.size() + 1);
    child->parents.push_back({this, name});
    children.emplace_back(name, child);
  }
  void leave(State& child, const std::string& name) const {
    const auto mine = [&](const Parent& p) { return p.state == this && p.name == name; };
    child.parents.erase(std::find_if(child.parents.begin(), child.parents.end(), mine));
  }

  /// The modules that share a state, beside the registries that hold it.
  static long handles(const std::shared_ptr<State>& state) {
    return state.use_count() - std::ssize(state->parents);
  }

  [[noreturn]] void fail_shared() const {
    throw ValueError("module: \"" + path() +
                     "\" cannot be replaced while copies share it, such as a variable that was "
                     "handed to the model; use a new variable, or hand over an nn::clone");
  }

  std::string path() const override {
    std::string path;
    for (const State* state = this; !state->parents.empty(); state = state->parents.front().state) {
      const std::string& name = state->parents.front().name;
      path = path.empty() ? name : name + "." + path;
    }
    return path;
  }
  const Place* root() const override {
    const State* state = this;
    while (!state->parents.empty()) state = state->parents.front().state;
    return state;
  }
  /// A parameter's leaf gets its path as its name, as long as the module is there.
  static void label(const std::shared_ptr<State>& state, const NamedTensor& parameter) {
    const xtape::detail::Body& leaf = parameter.second.body();
    if (!leaf.node &&
        !leaf.frozen) {  // the clone of a frozen one: as that, with its place for later
      static_cast<void>(parameter.second.set_requires_grad(true));
      static_cast<void>(parameter.second.set_requires_grad(false));
    }
    xtape::detail::Leaf::set_label(*(leaf.node ? leaf.node : leaf.frozen),
                                   [weak = std::weak_ptr(state), name = parameter.first] {
                                     const std::shared_ptr<State> owner = weak.lock();
                                     const std::string path =
                                         owner != nullptr ? owner->path() : std::string();
                                     return path.empty() ? name : path + "." + name;
                                   });
  }
  bool contains(const void* other) {
    const Visits places = walk();
    return std::any_of(places.begin(), places.end(),
                       [&](const Visit& place) { return place.state == other; });
  }
  /// Gives a part the flags and the dtype of the whole.
  void lead(State& part) const;

  void check_new(const std::string& part) const {
    const auto taken = [&](const auto& list) {
      return std::any_of(list.begin(), list.end(),
                         [&](const auto& item) { return item.first == part; });
    };
    if (part.empty() || part.find('.') != std::string::npos || taken(parameters) ||
        taken(buffers) || taken(children)) {
      throw ValueError("module: a part needs a name of its own, without dots; got \"" + part +
                       "\"");
    }
  }

  /// A module in the order of a walk from the root, which is its own parent.
  struct Visit {
    State* state;
    const std::string* name;  // that its parent has for it
    std::size_t parent;
  };
  // From the pool: a training loop walks in every step, for the regularization loss.
  using Visits = std::vector<Visit, memory::Allocator<Visit>>;

  /// This module and all below, each once, parents before children and siblings in order.
  Visits walk() {
    Visits seen, open{{this, nullptr, 0}};
    while (!open.empty()) {
      const Visit next = open.back();
      open.pop_back();
      const auto same = [&](const Visit& place) { return place.state == next.state; };
      if (std::any_of(seen.begin(), seen.end(), same)) continue;
      seen.push_back(next);
      const auto& below = next.state->children;
      for (std::size_t i = below.size(); i > 0; --i) {
        open.push_back({below[i - 1].second.get(), &below[i - 1].first, seen.size() - 1});
      }
    }
    return seen;
  }

  /// The paths of the places of a walk, each with a dot behind it but that of the root, "".
  static std::vector<std::string> prefixes(const Visits& places) {
    std::vector<std::string> paths{""};
    for (std::size_t i = 1; i < places.size(); ++i)
      paths.push_back(paths[places[i].parent] + *places[i].name + ".");
    return paths;
  }

  NamedTensors collect(NamedTensors State::*list) {
    NamedTensors all;
    const Visits places = walk();
    const std::vector<std::string> paths = prefixes(places);
    for (std::size_t i = 0; i < places.size(); ++i) {
      for (const auto& [own_name, tensor] : places[i].state->*list) {
        const auto same = [&own = tensor](const NamedTensor& known) {
          return &known.second.body() == &own.body();
        };
        if (std::none_of(all.begin(), all.end(), same)) {
          all.emplace_back(paths[i] + own_name, tensor);
        }
      }
    }
    return all;
  }
};

}  // namespace xtape::nn
