#pragma once
#include <concepts>

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
           !std::derived_from<First, Sequential>) explicit Sequential(const First& first,
                                                                      const Layers&... layers) {
    push_back(first);
    (push_back(layers), ...);
  }

  Tensor operator()(const Tensor& x) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
