#pragma once
#include <concepts>
#include <iterator>
#include <span>
#include <type_traits>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

namespace detail {
/// Pointers to modules.
class Modules {
 public:
  Modules();
  ~Modules();
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  void add(const Module& module);
  std::span<const Module* const> all() const;

 private:
  std::vector<const Module*> all_;
};

std::vector<Tensor> stack_parameters(std::span<const Module* const> modules);
void unstack_parameters(const std::vector<Tensor>& stacked, std::span<const Module* const> modules);

/// Modules that stay where they are, which a view that makes them does not do.
template <class Range>
concept ModuleRange = requires(const Range& range) {
  { *std::begin(range) } -> std::convertible_to<const Module&>;
  { std::begin(range) != std::end(range) } -> std::convertible_to<bool>;
  requires std::is_lvalue_reference_v<decltype(*std::begin(range))>;
  requires std::derived_from<std::remove_cvref_t<decltype(*std::begin(range))>, Module>;
};

}  // namespace detail

/// The parameters of modules of one form, each with a leading axis for the modules: many small
/// networks as one.
///   -> new leaves [modules, ...], in the order of `parameters()`; as they are, frozen or not, and equal in value
/// ```
/// auto parameters = nn::stack_parameters(networks);
/// auto logits = vmap([&](const std::vector<Tensor>& p) { return nn::with_parameters(networks[0], p)(x); });
/// sum(losses(logits(parameters))).backward();   // the gradient of each is its own
/// ```
/// Throws ValueError for no modules and for other numbers of parameters, ShapeError and DtypeError
/// for parameters that are unlike, with the name.
template <detail::ModuleRange Modules>
[[nodiscard]] std::vector<Tensor> stack_parameters(const Modules& modules) {
  detail::Modules pointers;
  for (const Module& one : modules) pointers.add(one);
  return detail::stack_parameters(pointers.all());
}

/// Gives each module its part of what `stack_parameters` made, as it is now.
/// Throws as that, with nothing changed, and ValueError or ShapeError for tensors that are not like
/// it.
template <detail::ModuleRange Modules>
void unstack_parameters(const std::vector<Tensor>& stacked, const Modules& modules) {
  detail::Modules pointers;
  for (const Module& one : modules) pointers.add(one);
  detail::unstack_parameters(stacked, pointers.all());
}

}  // namespace xtape::nn

XTAPE_EXPORT_END
