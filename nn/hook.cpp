#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/hook.hpp>
#include <xtape/nn/module_state.hpp>

namespace xtape::nn {

struct ModuleHook::Place {
  std::weak_ptr<Module::State> module;
  std::shared_ptr<const ModuleHooks> hooks;
};

ModuleHook& ModuleHook::operator=(ModuleHook&& other) noexcept {
  if (this == &other) return *this;
  end();
  place_ = std::move(other.place_);
  return *this;
}

void ModuleHook::end() noexcept {
  if (place_ == nullptr) return;
  if (const auto module = place_->module.lock()) std::erase(module->hooks, place_->hooks);
}

ModuleHook Module::hook(const ModuleHooks& hooks) const {
  auto own = std::make_shared<const ModuleHooks>(hooks);
  state_->hooks.push_back(own);
  return ModuleHook(std::make_shared<ModuleHook::Place>(ModuleHook::Place{state_, std::move(own)}));
}

namespace {

using WeakHooks = std::weak_ptr<const ModuleHooks>;

/// x with a hook on its gradient, as long as its guard is there, that tells where it stands.
Tensor with_gradient_hook(const Tensor& x, const WeakHooks& hooks, Hook ModuleHooks::*hook,
                          const char* name, const std::string& path) {
  return on_gradient(x, [hooks, hook, name, path](const Tensor& g) {
    const auto alive = hooks.lock();
    if (alive == nullptr) return g;
    const ErrorContext in(path);
    const Tensor given = ((*alive).*hook)(g);
    Tensor adapted;
    const Tensor& next = xtape::detail::beside(name, given, g.dtype(), adapted);
    if (next.shape() != g.shape() || next.dtype() != g.dtype()) {
      throw GradError(std::string(name) + ": the hook must give a gradient of " + g.describe() +
                      "; got " + next.describe());
    }
    return next;
  });
}

thread_local const void* hooked = nullptr;  // the module whose hooks run

struct Hooked {
  explicit Hooked(const void* module) : outer(std::exchange(hooked, module)) {}
  ~Hooked() { hooked = outer; }
  Hooked(const Hooked&) = delete;
  Hooked& operator=(const Hooked&) = delete;
  const void* outer;
};

}  // namespace

/// Not again where what holds the module has called them already.
bool Module::has_hooks() const { return !state_->hooks.empty() && hooked != state_.get(); }

Tensor Module::call_hooked(const Tensor& given, const void* function,
                           Tensor (*run)(const void* function, const Tensor& x)) const {
  const Hooked once(state_.get());
  const std::vector<WeakHooks> list(state_->hooks.begin(), state_->hooks.end());
  const std::string where = path();
  // A hook may end itself and others. The one attached last is the first that backward comes to.
  const auto forward = [&](Hook ModuleHooks::*hook, Tensor& x) {
    for (const WeakHooks& hooks : list) {
      if (const auto alive = hooks.lock()) x = ((*alive).*hook)(x);
    }
  };
  const auto backward = [&](Hook ModuleHooks::*hook, const char* name, Tensor& x) {
    std::for_each(list.rbegin(), list.rend(), [&](const WeakHooks& hooks) {
      const auto alive = hooks.lock();
      if (alive != nullptr && (*alive).*hook) x = with_gradient_hook(x, hooks, hook, name, where);
    });
  };
  Tensor x = given;
  forward(&ModuleHooks::before_forward, x);
  backward(&ModuleHooks::after_backward, "after_backward", x);
  Tensor y = run(function, x);
  forward(&ModuleHooks::after_forward, y);
  backward(&ModuleHooks::before_backward, "before_backward", y);
  return y;
}

}  // namespace xtape::nn
