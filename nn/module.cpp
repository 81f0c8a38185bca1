#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <xtape/core/create.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {

/// What the copies of a module share.
struct Module::State {
  struct Penalty {
    Tensor w;
    double l1, l2;
  };
  std::string name;
  bool training = true;
  NamedTensors parameters, buffers;
  std::vector<std::pair<std::string, std::shared_ptr<State>>> children;
  std::vector<Penalty> penalties;

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
  struct Place {
    State* state;
    const std::string* name;  // that its parent has for it
    std::size_t parent;
  };
  // From the pool: a training loop walks in every step, for the regularization loss.
  using Places = std::vector<Place, memory::Allocator<Place>>;

  /// This module and all below, each once, parents before children and siblings in order.
  Places walk() {
    Places seen, open{{this, nullptr, 0}};
    while (!open.empty()) {
      const Place next = open.back();
      open.pop_back();
      const auto same = [&](const Place& place) { return place.state == next.state; };
      if (std::any_of(seen.begin(), seen.end(), same)) continue;
      seen.push_back(next);
      const auto& below = next.state->children;
      for (std::size_t i = below.size(); i-- > 0;) {
        open.push_back({below[i].second.get(), &below[i].first, seen.size() - 1});
      }
    }
    return seen;
  }

  NamedTensors collect(NamedTensors State::*list) {
    NamedTensors all;
    const Places places = walk();
    std::vector<std::string> paths{""};
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (i > 0) paths.push_back(paths[places[i].parent] + *places[i].name + ".");
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

thread_local Module::CloneScope* Module::clone_scope_ = nullptr;

Module::CloneScope::CloneScope() : outer_(std::exchange(clone_scope_, this)) {}
Module::CloneScope::~CloneScope() { clone_scope_ = outer_; }

std::shared_ptr<Module::State> Module::cloned(const std::shared_ptr<State>& state) {
  std::shared_ptr<State>& copy = clone_scope_->states_[state.get()];
  if (copy == nullptr) {
    copy = std::make_shared<State>(*state);  // tensors are cloned as they are copied
    for (auto& [name, child] : copy->children) child = cloned(child);
  }
  return copy;
}

Module::Module() : state_(std::make_shared<State>()) {}
Module::Module(const Module& other)
    : state_(clone_scope_ == nullptr ? other.state_ : cloned(other.state_)) {}
Module& Module::operator=(const Module& other) {
  state_ = Module(other).state_;
  return *this;
}

NamedTensors Module::named_parameters() const { return state_->collect(&State::parameters); }
NamedTensors Module::named_buffers() const { return state_->collect(&State::buffers); }

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> parameters;
  for (auto& [name, tensor] : named_parameters()) parameters.push_back(std::move(tensor));
  return parameters;
}

NamedTensors Module::state() const {
  NamedTensors state = named_parameters();
  for (NamedTensor& buffer : named_buffers()) state.push_back(std::move(buffer));
  for (auto& [name, tensor] : state) tensor = tensor.detach();
  return state;
}

LeftOut Module::restore(const NamedTensors& given, const RestoreOptions& options) const {
  const ErrorContext in = here();
  NamedTensors own = named_parameters();
  for (NamedTensor& buffer : named_buffers()) own.push_back(std::move(buffer));
  const xtape::detail::MatchedState matched = xtape::detail::match_state(own, given, options);
  for (std::size_t i = 0; i < own.size(); ++i) {  // of the same dtypes, so nothing here can fail
    const Tensor& value = matched.entries[i].second;
    if (value.defined()) xtape::detail::replace_value(own[i].second, value);
  }
  return matched.left_out;
}

void Module::train(bool on) const {
  for (const State::Place& place : state_->walk()) place.state->training = on;
}

bool Module::training() const { return state_->training; }
const std::string& Module::name() const { return state_->name; }

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::to(Dtype dtype) const {
  if (!is_floating(dtype))
    throw DtypeError("to: parameters need a floating dtype; got " + std::string(to_string(dtype)));
  const NoGradGuard off;
  for (const auto& list : {named_parameters(), named_buffers()}) {
    for (const auto& [name, tensor] : list) {
      if (is_floating(tensor.dtype()) && tensor.dtype() != dtype)
        xtape::detail::replace_value(tensor, tensor.to(dtype));
    }
  }
}

Tensor Module::regularization_loss() const {
  Tensor loss;
  const auto add = [&loss](const Tensor& penalty) {
    loss = loss.defined() ? loss + penalty : penalty;
  };
  for (const State::Place& place : state_->walk()) {
    for (const auto& [w, l1, l2] : place.state->penalties) {
      if (l1 > 0) add(l1 * l1_penalty(w));
      if (l2 > 0) add(l2 * l2_penalty(w));
    }
  }
  return loss.defined() ? loss : zeros({});
}

Tensor Module::parameter(const std::string& name, const Tensor& initial) const {
  state_->check_new(name);
  Tensor leaf = initial.detach().clone().set_requires_grad(true);
  leaf.body().replaceable = true;
  state_->parameters.emplace_back(name, leaf);
  return leaf;
}

Tensor Module::buffer(const std::string& name, const Tensor& initial) const {
  state_->check_new(name);
  Tensor value = initial.detach().clone();
  value.body().replaceable = true;
  state_->buffers.emplace_back(name, value);
  return value;
}

void Module::penalize(const Tensor& w, double l1, double l2) const {
  if (!(l1 >= 0 && std::isfinite(l1) && l2 >= 0 && std::isfinite(l2))) {
    throw ValueError("regularization: factors must be finite and not negative; got l1 " +
                     std::to_string(l1) + ", l2 " + std::to_string(l2));
  }
  if (l1 > 0 || l2 > 0) state_->penalties.push_back({w, l1, l2});
}

void Module::add_child(const std::string& name, const Module& module) const {
  state_->check_new(name);
  module.state_->name = name;
  state_->children.emplace_back(name, module.state_);
}

}  // namespace xtape::nn
