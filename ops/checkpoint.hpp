#pragma once
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/ops/derivatives.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {
Tensor checkpoint(const ListFunction& function, const std::vector<Tensor>& inputs);
}

/// f(inputs), whose values in between are not kept for backward but computed again there: less
/// memory for one more forward pass. Gradients reach the inputs and what f captures, parameters for
/// one, to any order.
///
/// The second time f finds what it found the first: tensors that it assigns to (buffers, the
/// streams of `nn::Dropout`) have their values of then, and afterwards those of now again, so that
/// masks are the same and running statistics move once; so does the default generator. What else
/// changes (a generator of one's own that f draws from, parameters stepped in between) is an error:
/// f must give the same value again.
/// f is kept until backward: what it captures must live as long, so `[=]`, or layers by value, not
/// what is gone by then, nor the `this` of a module that is. Within vmap, where somebody
/// differentiates further out, f runs twice in the first place.
/// Throws GradError in backward if it does not; what f throws.
template <detail::FunctionOfList F>
[[nodiscard]] Tensor checkpoint(F f, const std::vector<Tensor>& inputs) {
  return detail::checkpoint(detail::as_list_function(std::move(f)), inputs);
}
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor checkpoint(F f, const Tensor& x) {
  return detail::checkpoint(detail::as_list_function(std::move(f)), {x});
}

}  // namespace xtape

XTAPE_EXPORT_END
