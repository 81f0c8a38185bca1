#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/nn/module_state.hpp>

namespace xtape::detail {

EvaluationScope::EvaluationScope(const nn::Module& model) {
  for (const auto& [path, module] : model.named_modules()) {
    nn::Module::State& state = *module->state_;
    before_.push_back({module, state.training, state.said});
    state.set_training(false);
  }
}
EvaluationScope::~EvaluationScope() {
  for (const Before& before : before_) {
    nn::Module::State& state = *before.module->state_;
    if (state.said == before.said) state.set_training(before.training);
  }
}

}  // namespace xtape::detail
