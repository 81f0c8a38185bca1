#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/hook.hpp>

namespace xtape {
namespace {

struct OnGradient {
  static constexpr OpInfo info{.name = "on_gradient", .surrogate = true};
  Hook hook;

  Tensor run(const Tensor& x) const { return detail::off_tape(x); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const detail::RuleScope users(nullptr);
      return hook(g);
    });
  }
  Tensor jvp(const Tangents& t) const { return t[0]; }
  Tensor batch(const Examples& x) const { return on_gradient(x[0], hook); }
};

}  // namespace

Tensor Hook::operator()(const Tensor& x) const {
  const Tensor given = function_ ? function_(x) : Tensor();
  return given.defined() ? given : x;
}

Tensor on_gradient(const Tensor& x, const Hook& hook) {
  detail::require_defined("on_gradient", "the input", x);
  return apply(OnGradient{hook}, x);
}

LeafHook on_leaf_gradient(const Tensor& leaf, const Hook& hook) { return {leaf, hook}; }

LeafHook::LeafHook(const Tensor& leaf, const Hook& hook)
    : hook_(std::make_shared<const std::function<Tensor(const Tensor&)>>(hook)) {
  detail::require_defined("on_leaf_gradient", "the leaf", leaf);
  leaf_ = leaf.body().node ? leaf.body().node : leaf.body().frozen;
  if (!leaf_ || !leaf_->is_leaf()) {
    throw GradError(
        "on_leaf_gradient: the tensor must be a leaf with set_requires_grad(true); got " +
        leaf.describe() + " (see on_gradient)");
  }
  detail::Leaf::add_hook(*leaf_, hook_);
}

LeafHook& LeafHook::operator=(LeafHook&& other) noexcept {
  if (this == &other) return *this;
  end();
  leaf_ = std::move(other.leaf_);
  hook_ = std::move(other.hook_);
  return *this;
}

void LeafHook::end() noexcept {
  if (leaf_) detail::Leaf::remove_hook(*leaf_, hook_);
}

}  // namespace xtape
