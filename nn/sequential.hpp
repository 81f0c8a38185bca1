#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/nn/module_list.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Layers applied one after the other: modules, free functions and lambdas of one tensor, which
/// become parts "0", "1", ...   `Sequential model{Dense(2, 64), relu, Dense(64, 3)};`
class Sequential : public ModuleList<> {
 public:
  Sequential() = default;
  template <class First, class... Layers>
  requires(sizeof...(Layers) > 0 ||
           !std::derived_from<std::remove_cvref_t<First>,
                              Sequential>) explicit Sequential(First first, Layers... layers) {
    push_back(std::move(first));
    (push_back(std::move(layers)), ...);
  }

  Tensor operator()(const Tensor& x) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
