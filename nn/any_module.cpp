#include <xtape/core/error.hpp>
#include <xtape/nn/any_module.hpp>
#include <xtape/nn/module_state.hpp>

namespace xtape::nn {

AnyModule::AnyModule(const AnyModule& other)
    : layer_(other.layer_ == nullptr ? nullptr : other.layer_->copy()) {}

// NOLINTNEXTLINE(performance-move-constructor-init): it may stay where it is
AnyModule::AnyModule(AnyModule&& other) noexcept : layer_(other.layer_) {
  if (layer_ != nullptr && layer_->module().state_->parents.empty()) other.layer_.reset();
}

AnyModule& AnyModule::operator=(const AnyModule& other) {
  if (layer_ == other.layer_) return *this;
  AnyModule next = other;
  // The layer lies elsewhere: whether it comes along with a whole model is told by this handle.
  const bool alone = layer_ != nullptr && next.layer_ != nullptr &&
                     !Module::assigned_along(this, &other, next.layer_->module());
  if (alone && !layer_->module().state_->parents.empty()) {
    if (layer_.use_count() > 1) layer_->module().state_->fail_shared();
    layer_->module() = next.layer_->module();
    next.layer_->module().state_->registered_type = &next.type();
  }
  layer_ = std::move(next.layer_);
  return *this;
}

AnyModule::Held& AnyModule::held() const {
  if (layer_ != nullptr) return *layer_;
  throw ValueError("any module: a layer is needed; this one was moved from");
}

Tensor AnyModule::operator()(const Tensor& x) const {
  Held& layer = held();
  return layer.module().call(x, [&](const Tensor& in) { return layer(in); });
}

}  // namespace xtape::nn
