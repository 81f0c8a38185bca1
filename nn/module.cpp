#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <unordered_map>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/nn/module_state.hpp>
#include <xtape/nn/regularization.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {

namespace {

/// All are converted before any is replaced.
void turn(const NamedTensors& tensors, Dtype dtype) {
  const NoGradGuard off;
  std::vector<std::pair<Tensor, Tensor>> turned;
  for (const auto& [name, tensor] : tensors) {
    if (is_floating(tensor.dtype()) && tensor.dtype() != dtype)
      turned.emplace_back(tensor, tensor.to(dtype));
  }
  for (const auto& [tensor, value] : turned) xtape::detail::replace_value(tensor, value);
}

/// A copy of a tensor's value in the dtype that the module was turned into, if it was.
Tensor own_value(const Tensor& initial, const std::optional<Dtype>& dtype) {
  const Tensor value = initial.detach();
  return dtype && is_floating(value.dtype()) && value.dtype() != *dtype ? value.to(*dtype)
                                                                        : value.clone();
}

/// The last assignment of a module on this thread: its members are assigned after it.
struct Assignment {
  const char *to = nullptr, *from = nullptr;
  std::weak_ptr<void> state;
};
thread_local Assignment assignment;

}  // namespace

void Module::State::lead(State& part) const {
  for (const Visit& place : part.walk()) place.state->set_training(training);
  if (!dtype) return;
  for (const auto list : {&State::parameters, &State::buffers}) turn(part.collect(list), *dtype);
}

thread_local Module::CloneScope* Module::clone_scope_ = nullptr;
thread_local Module::Captures* Module::captures_ = nullptr;

namespace {

/// Throws ValueError for parameters that with_parameters has put there: they are somebody else's.
void require_own(const char* op, const NamedTensors& parameters) {
  for (const auto& [name, parameter] : parameters) {
    if (parameter.body().replaceable) continue;
    throw ValueError(std::string(op) + ": the parameters must be the module's own, and \"" + name +
                     "\" was put there by with_parameters; use the original module");
  }
}

/// The parameters in whose place `with_parameters` puts what is given.
NamedTensors replaced(const Module& module, const std::vector<Tensor>& given) {
  NamedTensors own = module.named_parameters();
  require_own("with_parameters", own);
  if (given.size() != own.size()) {
    throw ValueError("with_parameters: the module has " + std::to_string(own.size()) +
                     " parameters; got " + std::to_string(given.size()) + " tensors");
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& [name, parameter] = own[i];
    xtape::detail::require_defined("with_parameters", ("\"" + name + "\"").c_str(), given[i]);
    const auto text = [&, &path = name, &like = parameter] {
      return "with_parameters: \"" + path + "\" is " + like.describe() + "; got " +
             given[i].describe();
    };
    if (given[i].shape() != parameter.shape()) throw ShapeError(text());
    if (given[i].dtype() != parameter.dtype()) throw DtypeError(text());
  }
  return own;
}

}  // namespace

struct Module::CloneScope::Pairs {
  struct Pair {
    std::shared_ptr<State> original, clone;
  };
  std::unordered_map<const State*, Pair> of;
};

Module::CloneScope::CloneScope()
    : pairs_(new Pairs), own_tensors_(true), outer_(std::exchange(clone_scope_, this)) {}
Module::CloneScope::CloneScope(const Module& module, const std::vector<Tensor>& parameters)
    : pairs_(new Pairs),
      own_tensors_(false),
      tensors_(replaced(module, parameters), parameters),
      outer_(std::exchange(clone_scope_, this)) {}
Module::CloneScope::~CloneScope() { clone_scope_ = outer_; }

void Module::CloneScope::check(const char* name) const {
  for (const auto& [key, pair] : pairs_->of) {
    if (State::handles(pair.original) > 1 && State::handles(pair.clone) == 1) {  // one is this pair
      throw ValueError(std::string(name) + ": a module must hold its parts by value; got \"" +
                       pair.original->path() + "\" behind a pointer or reference (see AnyModule)");
    }
  }
}

std::shared_ptr<Module::State> Module::cloned(const std::shared_ptr<State>& state) {
  CloneScope::Pairs::Pair& pair = clone_scope_->pairs_->of[state.get()];
  if (pair.clone == nullptr) {
    const bool own = clone_scope_->own_tensors_;
    if (own) require_own("clone", state->parameters);
    auto copy = std::make_shared<State>(*state);
    if (!own) copy->hooks = state->hooks;
    pair = {state, copy};
    if (own) {
      for (const NamedTensor& parameter : copy->parameters) State::label(copy, parameter);
    }
    for (const auto& [name, child] : state->children) copy->add_child(name, cloned(child));
    return copy;
  }
  return pair.clone;
}

/// Whether a part of a module is assigned because the whole module is: then it has the same place
/// in it as the part that it takes over, whose state has just come to this module.
bool Module::assigned_along(const void* to, const void* from, const void* state) {
  const std::shared_ptr<void> whole = assignment.state.lock();
  return whole != nullptr &&
         static_cast<const char*>(to) - assignment.to ==
             static_cast<const char*>(from) - assignment.from &&
         static_cast<State*>(whole.get())->contains(state);
}

RegisteredTensor::RegisteredTensor(const RegisteredTensor& other)
    : Tensor(other), owner_(other.owner_) {
  if (Module::clone_scope_ == nullptr) return;
  if (const std::shared_ptr<void> owner = owner_.lock())
    owner_ = Module::cloned(std::static_pointer_cast<Module::State>(owner));
}

// NOLINTBEGIN(performance-move-constructor-init): what is moved from stays usable
RegisteredTensor::RegisteredTensor(RegisteredTensor&& other) noexcept
    : Tensor(other.defined() ? Ref<xtape::detail::Body>::share(&other.body())
                             : Ref<xtape::detail::Body>()),
      owner_(other.owner_) {}
// NOLINTEND(performance-move-constructor-init)

RegisteredTensor& RegisteredTensor::operator=(const RegisteredTensor& other) {
  if (this == &other) return *this;
  const std::shared_ptr<void> own = owner_.lock(), next = other.owner_.lock();
  const bool same = defined() && other.defined() && &body() == &other.body();
  if (own != nullptr && !same && !Module::assigned_along(this, &other, next.get())) {
    throw ValueError("module: a registered tensor cannot be bound to another one; got " +
                     other.describe() + " for " + describe() + " (see assign)");
  }
  Tensor::operator=(other);
  owner_ = other.owner_;
  return *this;
}

RegisteredTensor& RegisteredTensor::operator=(const Registration& registration) {
  return *this = static_cast<RegisteredTensor>(registration);
}

Registration::operator RegisteredTensor() const {
  RegisteredTensor member;
  static_cast<Tensor&>(member) = tensor_;
  member.owner_ = owner_;
  return member;
}

Module::Captures::Captures() : outer_(std::exchange(captures_, this)) {}
Module::Captures::~Captures() { captures_ = outer_; }

void Module::add_captured(const Captures& captures) const {
  std::vector<State*> added;
  const auto& states = captures.states_;
  for (const std::shared_ptr<State>& state : states) {
    const bool inner = std::any_of(states.begin(), states.end(), [&](const auto& other) {
      return other != state && other->contains(state.get());
    });
    if (inner || std::find(added.begin(), added.end(), state.get()) != added.end()) continue;
    state_->add_child(std::to_string(added.size()), state);
    added.push_back(state.get());
  }
}

Module::Module() : state_(std::make_shared<State>()) {}
// A module that was moved from stays usable: both share the state.
// NOLINTNEXTLINE(performance-move-constructor-init)
Module::Module(Module&& other) noexcept : state_(other.state_) {}
Module::Module(const Module& other)
    : state_(clone_scope_ == nullptr ? other.state_ : cloned(other.state_)) {
  if (captures_ != nullptr) captures_->states_.push_back(state_);
}

Module& Module::operator=(const Module& other) {
  const std::shared_ptr<State> next = Module(other).state_;
  if (next == state_) return *this;
  if (assigned_along(this, &other, next.get())) {
    state_ = next;
    return *this;
  }
  const std::vector<State::Parent> parents = state_->parents;
  if (!parents.empty() && State::handles(state_) > 1) state_->fail_shared();
  for (const State::Parent& parent : parents) {
    if (next->contains(parent.state))
      throw ValueError("module: \"" + state_->path() + "\" cannot become what it is a part of");
  }
  const std::shared_ptr<State> old = std::exchange(state_, next);
  for (const State::Parent& parent : parents) {
    parent.state->lead(*next);
    if (next->registered_type == nullptr) next->registered_type = old->registered_type;
    for (auto& [name, child] : parent.state->children) {
      if (child != old || name != parent.name) continue;
      next->parents.push_back(parent);
      parent.state->leave(*old, name);
      child = next;
    }
  }
  assignment = {reinterpret_cast<const char*>(this), reinterpret_cast<const char*>(&other), next};
  return *this;
}

// NOLINTBEGIN(readability-const-return-type): see the header
const NamedTensors Module::named_parameters() const { return state_->collect(&State::parameters); }
const NamedTensors Module::named_buffers() const { return state_->collect(&State::buffers); }

const std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> parameters;
  for (auto& [name, tensor] : state_->collect(&State::parameters))
    parameters.push_back(std::move(tensor));
  return parameters;
}
// NOLINTEND(readability-const-return-type)

NamedTensors Module::state() const {
  NamedTensors state = state_->collect(&State::parameters);
  for (NamedTensor& buffer : state_->collect(&State::buffers)) state.push_back(std::move(buffer));
  for (auto& [name, tensor] : state) tensor = tensor.detach();
  return state;
}

LeftOut Module::restore(const NamedTensors& given, const RestoreOptions& options) const {
  const ErrorContext in = here();
  NamedTensors own = named_parameters();
  require_own("restore", own);
  for (NamedTensor& buffer : state_->collect(&State::buffers)) own.push_back(std::move(buffer));
  const xtape::detail::MatchedState matched = xtape::detail::match_state(own, given, options);
  for (std::size_t i = 0; i < own.size(); ++i) {  // of the same dtypes, so nothing here can fail
    const Tensor& value = matched.entries[i].second;
    if (value.defined()) xtape::detail::replace_value(own[i].second, value);
  }
  return matched.left_out;
}

void Module::train(bool on) const {
  for (const State::Visit& place : state_->walk()) {
    place.state->set_training(on);
    ++place.state->said;
  }
}

bool Module::training() const { return state_->training; }
std::string Module::name() const {
  return state_->parents.empty() ? std::string() : state_->parents.front().name;
}
std::string Module::path() const { return state_->path(); }
ErrorContext Module::here() const { return ErrorContext(*state_); }

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::requires_grad(bool on) const {
  const NamedTensors all = named_parameters();
  require_own("requires_grad", all);
  for (const auto& [name, parameter] : all) static_cast<void>(parameter.set_requires_grad(on));
}

void Module::to(Dtype dtype) const {
  if (!is_floating(dtype))
    throw DtypeError("to: parameters need a floating dtype; got " + std::string(to_string(dtype)));
  NamedTensors all = named_parameters();
  require_own("to", all);
  for (const NamedTensor& buffer : named_buffers()) all.push_back(buffer);
  turn(all, dtype);
  for (const State::Visit& place : state_->walk()) place.state->dtype = dtype;
}

Tensor Module::regularization_loss() const {
  Tensor loss;
  const auto add = [&loss](const Tensor& penalty) {
    loss = loss.defined() ? loss + penalty : penalty;
  };
  for (const State::Visit& place : state_->walk()) {
    for (const auto& [w, l1, l2] : place.state->penalties) {
      if (l1 > 0) add(l1 * l1_penalty(w));
      if (l2 > 0) add(l2 * l2_penalty(w));
    }
  }
  return loss.defined() ? loss : zeros({});
}

Registration Module::parameter(const std::string& name, const Tensor& initial) const {
  state_->check_new(name);
  Tensor leaf = own_value(initial, state_->dtype).set_requires_grad(true);
  leaf.body().replaceable = true;
  state_->parameters.emplace_back(name, leaf);
  State::label(state_, state_->parameters.back());
  return {leaf, state_};
}

Registration Module::buffer(const std::string& name, const Tensor& initial) const {
  state_->check_new(name);
  Tensor value = own_value(initial, state_->dtype);
  value.body().replaceable = true;
  state_->buffers.emplace_back(name, value);
  return {value, state_};
}

void Module::penalize(const Tensor& w, double l1, double l2) const {
  detail::check_penalty(l1, l2);
  if (l1 > 0 || l2 > 0) state_->penalties.push_back({w, l1, l2});
}

void Module::add_child(const std::string& name, const Module& module,
                       const std::type_info& type) const {
  state_->check_new(name);
  if (module.state_->contains(state_.get()))
    throw ValueError("module: \"" + name + "\" cannot be a part of itself");
  state_->lead(*module.state_);
  state_->add_child(name, module.state_);
  module.state_->registered_type = &type;
}

}  // namespace xtape::nn
