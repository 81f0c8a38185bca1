#pragma once
#include <concepts>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// A function of one tensor as a module. Modules that it captures by value are its parts, "0", "1",
/// ...; what it captures by a pointer or reference it does not own, and nobody registers.
template <class F>
class Function : public Module {
 public:
  /// Throws ValueError for an empty one.
  explicit Function(const F& function) : Function(checked(function), Captures()) {}

  Tensor operator()(const Tensor& x) const { return function_(x); }

 private:
  Function(const F& function, const Captures& captures) : function_(function) {
    add_captured(captures);
  }

  static const F& checked(const F& function) {
    if constexpr (std::is_pointer_v<F> || requires { function.operator bool(); }) {
      if (!function) throw ValueError("module: a function is needed; got an empty one");
    }
    return function;
  }

  F function_;
};

/// Any layer, held by value: a module, or a function of one tensor. A copy shares parameters as
/// that of the layer does, and `clone` copies it deep.
/// As a part of a module: `nn::AnyModule head = child("head", nn::AnyModule(nn::Dense(4, 2)));`
class AnyModule {
 public:
  template <class Layer>
  requires(!std::same_as<Layer, AnyModule> &&
           std::is_invocable_r_v<Tensor, const Layer&, const Tensor&>) AnyModule(const Layer& layer)
      : layer_(static_cast<Held*>(new Of<std::decay_t<const Layer>>(layer))) {}
  /// Says what is wrong where that is all.
  template <class Layer>
  requires(!std::same_as<Layer, AnyModule> &&
           !std::is_invocable_r_v<Tensor, const Layer&, const Tensor&> &&
           std::is_invocable_r_v<Tensor, Layer&, const Tensor&>) AnyModule(const Layer&) {
    static_assert(std::is_invocable_v<const Layer&, const Tensor&>,
                  "a layer is called as it is: Tensor operator()(const Tensor& x) const");
  }
  AnyModule(const AnyModule& other);
  /// Takes the layer; but a part of a module stays where it is, and both hold it.
  AnyModule(AnyModule&& other) noexcept;
  /// Puts another layer in the place of this one, see Module.
  AnyModule& operator=(const AnyModule& other);
  ~AnyModule() = default;

  /// Throws ValueError, as all that needs the layer, if it was moved from.
  Tensor operator()(const Tensor& x) const;

  /// The layer as a module: `layer->parameters()`.
  operator const Module&() const { return held().module(); }  // NOLINT: that is what it is
  const Module* operator->() const { return &held().module(); }

  /// The type of the layer.
  const std::type_info& type() const { return held().type(); }

  /// The layer itself; null if it has another type.
  template <std::derived_from<Module> Layer>
  Layer* get_if() {
    auto* of = dynamic_cast<Of<Layer>*>(layer_.get());
    return of == nullptr ? nullptr : &of->layer;
  }

 private:
  struct Held {  // handles count it as this type: one kind of counter for all layers
    virtual ~Held() = default;
    virtual Module& module() = 0;
    virtual const std::type_info& type() const = 0;
    virtual Tensor operator()(const Tensor& x) const = 0;
    virtual std::shared_ptr<Held> copy() const = 0;
  };
  /// What is no module is held as a Function.
  template <class Layer>
  using AsModule = std::conditional_t<std::derived_from<Layer, Module>, Layer, Function<Layer>>;
  template <class Layer>
  struct Of final : Held {
    explicit Of(const Layer& own) : layer(own) {}
    Module& module() override { return layer; }
    const std::type_info& type() const override { return typeid(AsModule<Layer>); }
    Tensor operator()(const Tensor& x) const override { return layer(x); }
    std::shared_ptr<Held> copy() const override {
      return std::shared_ptr<Held>(static_cast<Held*>(new Of(*this)));
    }

    AsModule<Layer> layer;
  };

  Held& held() const;

  std::shared_ptr<Held> layer_;  // null once it was moved from
};

/// Prints the layer.
inline std::ostream& operator<<(std::ostream& stream, const AnyModule& layer) {
  detail::print(stream, layer, layer.type());
  return stream;
}

}  // namespace xtape::nn

XTAPE_EXPORT_END
