#pragma once
#include <concepts>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/nn/sequential.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// y = x + body(x), for a layer, its part "body", or several in sequence.
/// Throws ShapeError unless the body keeps the shape.
/// Source: He et al., Deep Residual Learning for Image Recognition (2016), equation 1.
class Residual : public Module {
 public:
  template <class First, class... Layers>
  requires(sizeof...(Layers) > 0 ||
           !std::same_as<First, Residual>) explicit Residual(First first, Layers... layers)
      : body_(child("body", of(std::move(first), std::move(layers)...))) {}

  Tensor operator()(const Tensor& x) const;

 private:
  template <class Layer>
  static AnyModule of(Layer layer) {
    return AnyModule(std::move(layer));
  }
  template <class... Layers>
  requires(sizeof...(Layers) > 1) static AnyModule of(Layers... layers) {
    return AnyModule(Sequential(std::move(layers)...));
  }

  AnyModule body_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
