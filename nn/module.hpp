#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::nn {

/// Base of layers and models: a registry of named parameters, buffers and children, and the
/// training flag.
///
/// A module registers its parts in its member initialisers, and is a function of tensors:
/// ```
/// struct Mlp : nn::Module {
///   nn::Dense hidden = child("hidden", nn::Dense(784, 128));
///   nn::Dense out = child("out", nn::Dense(128, 10));
///   Tensor operator()(const Tensor& x) const { return out(relu(hidden(x))); }
/// };
/// ```
/// Copies share their parameters and flags; `clone(model)` makes a model with parameters of its
/// own. Values are given by `weight.assign(value)`: a member bound to another tensor is no longer
/// the one that is registered.
class Module {
 public:
  Module();
  Module(const Module& other);
  Module(Module&&) noexcept = default;
  Module& operator=(const Module& other);
  Module& operator=(Module&&) noexcept = default;

  /// Parameters of this module and its children, in the order of registration; those reached twice,
  /// once. Named, with their paths from this module: "hidden.0.weight".
  std::vector<Tensor> parameters() const;
  NamedTensors named_parameters() const;
  /// Tensors that belong to the state but are not trained.
  NamedTensors named_buffers() const;

  /// Named parameters, then named buffers: all that another model of the same form needs to compute
  /// the same. Later training does not change these tensors.
  NamedTensors state() const;
  /// Takes up a state; entries are found by their names, in any order. Gradients, and what requires
  /// them, stay as they are. Returns what was left out, nothing if strict.
  /// Throws one error that names all that is wrong, with nothing changed: ValueError for entries
  /// that are given twice, or if strict missing or unexpected, otherwise ShapeError or DtypeError.
  LeftOut restore(const NamedTensors& state, const RestoreOptions& options = {}) const;

  /// Switches this module and its children to training (the initial state), or to evaluation.
  void train(bool on = true) const;
  void eval() const { train(false); }
  bool training() const;

  /// Forgets the gradients of all parameters.
  void zero_grad() const;

  /// Turns parameters and floating buffers into another floating dtype, in place; gradients are
  /// forgotten.
  /// Throws DtypeError unless floating.
  void to(Dtype dtype) const;

  /// Sum of the penalties on the parameters of this module and its children; 0 if there are none.
  Tensor regularization_loss() const;

  /// The name under which the parent knows this module; empty for a root.
  const std::string& name() const;

  /// Names this module in errors raised while it lives: `const ErrorContext in = here();` in a
  /// module's own function adds its name to the path of its layers. Sequential does so by itself.
  ErrorContext here() const { return ErrorContext(name(), state_.get()); }

 protected:
  /// Registers a leaf to be trained, or a value to be kept. Throws ValueError for a name that is
  /// empty, taken or has a dot.
  Tensor parameter(const std::string& name, const Tensor& initial) const;
  Tensor buffer(const std::string& name, const Tensor& initial) const;
  /// Registers a module as a part of this one, and hands it back.
  template <class M>
  M child(const std::string& name, M module) const {
    add_child(name, module);
    return module;
  }
  /// Adds l1 sum|w| + l2 sum w² to the regularization loss. Throws ValueError for a negative
  /// factor.
  void penalize(const Tensor& w, double l1, double l2) const;

 private:
  struct State;
  template <class M>
  friend M clone(const M& module);

  /// While it lives, copying a module or a registered tensor makes a new one, the same new one each
  /// time.
  class CloneScope {
   public:
    CloneScope();
    ~CloneScope();

   private:
    friend class Module;
    std::unordered_map<const State*, std::shared_ptr<State>> states_;
    CloneScope* outer_;
    xtape::detail::CloneScope tensors_;
  };

  void add_child(const std::string& name, const Module& module) const;
  static std::shared_ptr<State> cloned(const std::shared_ptr<State>& state);
  static thread_local CloneScope* clone_scope_;

  std::shared_ptr<State> state_;
};

/// A module of the same type with parameters, buffers and flags of its own, equal in value.
template <class M>
M clone(const M& module) {
  const Module::CloneScope scope;
  return M(module);
}

}  // namespace xtape::nn
