#pragma once
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/mapped.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The function that gives f of each xs[i], as one tensor with a leading axis: `ys = vmap(f)(xs)`.
/// f runs once, on tensors that stand for one example of all and have its shape; each operation
/// then works on the values of all. What f captures is the same in each example. f takes a tensor,
/// several, or a std::vector of tensors, of one leading extent, and gives a tensor, a vector or a
/// pair of them.
///
/// vmap, `grad`, `jvp` and the others nest in any order: `vmap(grad(loss))(xs)` is the gradient of
/// each example. Dropout of what differs draws for each example; what a generator gives is the same
/// for all. f cannot read values (`item`, `data`, an `if`
/// on them): that throws ValueError; so does, by name, an operation without a rule.
/// Throws ShapeError unless the inputs have one leading extent.
template <std::invocable<const Tensor&> F>
[[nodiscard]] auto vmap(F f) {
  return [f = std::move(f)](const Tensor& xs) {
    const detail::Mapping mapping("vmap", xs);
    return mapping.out(f(mapping.in(xs)));
  };
}
template <std::invocable<const std::vector<Tensor>&> F>
requires(!std::invocable<F, const Tensor&>) [[nodiscard]] auto vmap(F f) {
  return [f = std::move(f)](const std::vector<Tensor>& xs) {
    const detail::Mapping mapping("vmap", xs);
    return mapping.out(f(mapping.in(xs)));
  };
}
template <class F>
requires(!std::invocable<F, const Tensor&> && !std::invocable<F, const std::vector<Tensor>&>)
    [[nodiscard]] auto vmap(F f) {
  return [f = std::move(f)](const std::same_as<Tensor> auto&... xs) {
    const std::vector<Tensor> all{xs...};
    const detail::Mapping mapping("vmap", all);
    const std::vector<Tensor> one = mapping.in(all);
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return mapping.out(f(one[i]...)); }
    (std::make_index_sequence<sizeof...(xs)>());
  };
}

}  // namespace xtape

XTAPE_EXPORT_END
