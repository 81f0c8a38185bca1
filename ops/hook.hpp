#pragma once
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A function of a tensor that gives another one in its place; or nothing, or an undefined tensor,
/// to leave it as it is. Without a function it leaves all as it is.
class Hook {
 public:
  Hook() = default;
  template <std::invocable<const Tensor&> F>
  requires(!std::same_as<std::decay_t<F>, Hook>) Hook(F&& f) {  // NOLINT: a function is one
    using Given = std::invoke_result_t<F&, const Tensor&>;
    if constexpr (std::convertible_to<Given, Tensor>) {
      function_ = std::forward<F>(f);
    } else {
      static_assert(std::is_void_v<Given>, "a hook gives a tensor or nothing");
      function_ = [f = std::forward<F>(f)](const Tensor& x) mutable {
        f(x);
        return x;
      };
    }
  }
  Tensor operator()(const Tensor& x) const;
  explicit operator bool() const { return static_cast<bool>(function_); }

 private:
  std::function<Tensor(const Tensor&)> function_;
};

/// x, with a hook on its gradient: what is computed of the result calls `hook(g)` in backward,
/// before g goes on to x. A hook that gives a tensor replaces the gradient by it; one that gives
/// nothing sees it: `y = on_gradient(y, [&](const Tensor& g) { kept = g; })`.
///   dx = hook(g)
/// A hook that throws ends the backward pass, in which no leaf has changed then. Throws GradError
/// in backward if the hook gives a tensor of another shape or dtype.
[[nodiscard]] Tensor on_gradient(const Tensor& x, const Hook& hook);

/// A hook that is called while this lives. Moved, not copied.
class [[nodiscard]] LeafHook {
 public:
  LeafHook(const Tensor& leaf, const Hook& hook);
  LeafHook(LeafHook&&) noexcept = default;
  LeafHook& operator=(LeafHook&& other) noexcept;
  ~LeafHook() { end(); }

 private:
  void end() noexcept;
  Ref<Node> leaf_;
  std::shared_ptr<const std::function<Tensor(const Tensor&)>> hook_;
};

/// While the result lives, `backward` calls `hook(g)` once in each pass that reaches the leaf: as
/// soon as g = dL/d(leaf) of that pass is complete, with the pass still going on to other leaves,
/// and before any `grad()` changes. A hook that gives a tensor replaces g by it: a gradient that is
/// clipped, or averaged over processes. Several are called in turn. One that throws ends the pass,
/// in which no leaf has changed then. `grad(...)` calls none, nor does a
/// pass over what was recorded before the leaf was frozen.
/// ```
/// const LeafHook hook = on_leaf_gradient(layer.weight, [&](const Tensor& g) { send(g); });
/// ```
/// Throws GradError for what is no leaf with set_requires_grad(true), frozen or not, and in
/// backward if the hook gives a tensor of another shape or dtype.
[[nodiscard]] LeafHook on_leaf_gradient(const Tensor& leaf, const Hook& hook);

}  // namespace xtape

XTAPE_EXPORT_END
