#include <xtape/nn/any_module.hpp>

namespace xtape::nn {

AnyModule::AnyModule(const AnyModule& other) : layer_(other.layer_->copy()) {}

AnyModule& AnyModule::operator=(AnyModule other) {
  if (layer_ != nullptr) layer_->module() = other.layer_->module();
  layer_ = std::move(other.layer_);
  return *this;
}

Tensor AnyModule::operator()(const Tensor& x) const {
  const ErrorContext in = layer_->module().here();
  return (*layer_)(x);
}

}  // namespace xtape::nn
