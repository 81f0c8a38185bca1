#include <algorithm>
#include <string>
#include <utility>

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

/// A hook on a gradient that tells where it stands.
Tensor with_gradient_hook(const Tensor& x, const Hook& hook, const char* name,
                          const std::string& path) {
  return on_gradient(x, [hook, name, path](const Tensor& g) {
    const ErrorContext in(path);
    Tensor given = hook(g);
    if (given.shape() != g.shape() || given.dtype() != g.dtype()) {
      throw GradError(std::string(name) + ": the hook must give a gradient of " + g.describe() +
                      "; got " + given.describe());
    }
    return given;
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
  const auto list = state_->hooks;  // a hook may end itself
  const std::string where = path();
  Tensor x = given;
  for (const auto& hooks : list) {
    x = hooks->before_forward(x);
    if (hooks->after_backward)
      x = with_gradient_hook(x, hooks->after_backward, "after_backward", where);
  }
  Tensor y = run(function, x);
  for (const auto& hooks : list) {
    y = hooks->after_forward(y);
    if (hooks->before_backward)
      y = with_gradient_hook(y, hooks->before_backward, "before_backward", where);
  }
  return y;
}

}  // namespace xtape::nn
