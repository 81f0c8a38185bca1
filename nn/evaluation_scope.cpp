#include <xtape/nn/evaluation_scope.hpp>

namespace xtape::detail {

Evaluation::Evaluation(const nn::Module& model) : modules_(model.named_modules()) {
  for (const auto& [path, module] : modules_) training_.push_back(module->training());
  model.eval();
}
Evaluation::~Evaluation() {
  for (std::size_t i = 0; i < modules_.size(); ++i) modules_[i].second->train(training_[i]);
}

}  // namespace xtape::detail
