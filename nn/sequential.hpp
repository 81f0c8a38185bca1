#pragma once
#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/nn/module.hpp>

namespace xtape::nn {

/// Layers applied one after the other: modules, which become children "0", "1", ..., free functions
/// and lambdas of one tensor.   `Sequential model{Dense(2, 64), relu, Dense(64, 3)};`
class Sequential : public Module {
 public:
  Sequential() = default;
  template <class First, class... Layers>
  requires(sizeof...(Layers) > 0 ||
           !std::derived_from<std::remove_cvref_t<First>,
                              Sequential>) explicit Sequential(First first, Layers... layers) {
    push_back(std::move(first));
    (push_back(std::move(layers)), ...);
  }

  /// Appends a layer.
  template <class Layer>
  requires std::is_invocable_r_v<Tensor, const Layer&, const Tensor&>
  void push_back(Layer layer) {
    const std::string name = std::to_string(layers_.size());
    if constexpr (std::derived_from<Layer, Module>) {
      layers_.push_back([own = child(name, std::move(layer))](const Tensor& x) {
        const ErrorContext at = own.here();
        return own(x);
      });
    } else {
      layers_.push_back([name, own = std::move(layer)](const Tensor& x) {
        const ErrorContext at(name);
        return own(x);
      });
    }
  }

  std::size_t size() const { return layers_.size(); }

  Tensor operator()(const Tensor& x) const;

 private:
  std::vector<std::function<Tensor(const Tensor&)>> layers_;
};

}  // namespace xtape::nn
