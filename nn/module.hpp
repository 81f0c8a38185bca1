#pragma once
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/clone_scope.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/hook.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {
class EvaluationScope;
}

namespace xtape::nn {

class Module;
class Registration;
class AnyModule;

/// Modules by name: handles that share the state of what is in a model.
using NamedModules = std::vector<std::pair<std::string, std::shared_ptr<const Module>>>;

/// The type of a module's registered tensors, `Parameter` or `Buffer`: a tensor that gets values by
/// `weight.assign(value)` and cannot be bound to another tensor, which the registry would not see.
/// The assignment of a whole module takes its parts along; that of one alone throws ValueError.
class RegisteredTensor : public Tensor {
 public:
  RegisteredTensor() = default;
  RegisteredTensor(const RegisteredTensor& other);
  /// As the move of a module, which stays usable: both are the same tensor.
  RegisteredTensor(RegisteredTensor&& other) noexcept;
  RegisteredTensor& operator=(const RegisteredTensor& other);
  RegisteredTensor& operator=(const Registration& registration);
  RegisteredTensor& operator=(const Tensor& value) = delete;
  ~RegisteredTensor() = default;

 private:
  friend class Registration;
  std::weak_ptr<void> owner_;  // the state that it is registered in
};
using Parameter = RegisteredTensor;
using Buffer = RegisteredTensor;

/// They would bind it to another tensor: `w.assign(w + step)`.
RegisteredTensor& operator+=(RegisteredTensor& a, const Operand& b) = delete;
RegisteredTensor& operator-=(RegisteredTensor& a, const Operand& b) = delete;
RegisteredTensor& operator*=(RegisteredTensor& a, const Operand& b) = delete;
RegisteredTensor& operator/=(RegisteredTensor& a, const Operand& b) = delete;

/// How PyTorch keeps an entry of a module's state: as here, with its two axes exchanged, or not at
/// all.
enum class TorchLayout { same, transposed, absent };

/// What registering a tensor gives, to initialise a member of the right type. A member of type
/// Tensor could be bound to another tensor unnoticed: it does not compile.
class Registration {
 public:
  operator RegisteredTensor() const;  // NOLINT: that is what it is for
  operator Tensor() const = delete;

 private:
  friend class Module;
  Registration(Tensor tensor, std::weak_ptr<void> owner)
      : tensor_(std::move(tensor)), owner_(std::move(owner)) {}
  Tensor tensor_;
  std::weak_ptr<void> owner_;
};

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
/// own. Values are given by `weight.assign(value)`. A registered layer can be replaced, `model.out
/// = nn::Dense(128, 5)`: the new one takes its name and the model's flags. Optimizers that were
/// made before still hold the old one.
class Module {
 public:
  Module();
  Module(const Module& other);
  Module(Module&& other) noexcept;
  /// The other module takes the place of this one in what that is registered in. Throws ValueError,
  /// with nothing changed, if copies share it: then it is not known whose part is meant.
  Module& operator=(const Module& other);

  /// Parameters of this module, in the order of registration, then those of its children, in that
  /// order; those reached twice, once. Named, with their paths from this module: "hidden.0.weight".
  /// The lists are const, so that a loop by reference cannot bind a handle to another tensor, which
  /// would train nothing: `for (const Tensor& p : model.parameters()) p.assign(p - 0.1 *
  /// p.grad());`
  // NOLINTBEGIN(readability-const-return-type): that is what they are for
  const std::vector<Tensor> parameters() const;
  const NamedTensors named_parameters() const;
  /// Tensors that belong to the state but are not trained.
  const NamedTensors named_buffers() const;
  // NOLINTEND(readability-const-return-type)

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

  /// What requires gradients: all parameters of this module and its children, or none. Optimizers
  /// leave alone what is frozen, and go on with it once it is thawed.
  void requires_grad(bool on = true) const;
  void freeze() const { requires_grad(false); }

  /// The parts of this module, in the order of registration; this one, under "", and all that is
  /// below, each once, by their paths, parents before parts. They share the state of the parts: to
  /// look at, to freeze, to hook, `module->freeze()`; a layer is called through its member.
  NamedModules children() const;
  NamedModules named_modules() const;
  /// Calls f with each module, parts before the whole.
  template <std::invocable<const Module&> F>
  void apply(const F& f) const;

  /// The parameter or buffer, and the module, of that path: `model["block.0.attention.weight"]`,
  /// `model.at("block.0").freeze()`. Throws IndexError, naming what there is instead.
  RegisteredTensor operator[](const std::string& path) const;
  Module at(const std::string& path) const;

  /// What is printed of this module: "Dense", or the name of the type of a user; "64, 128".
  std::string type() const;
  std::string arguments() const;

  /// Parameters and buffers of this module that PyTorch keeps otherwise, see `nn::torch::state`.
  std::vector<std::pair<std::string, TorchLayout>> torch_layouts() const;
  /// Names in the state of this module, and what PyTorch has in their place, see `set_torch_name`.
  std::vector<std::pair<std::string, std::string>> torch_names() const;

  /// The name under which the parent knows this module, and the names from the root to it, joined
  /// by dots; empty for a root. Of several parents, the first one counts.
  std::string name() const;
  std::string path() const;

  /// Calls the hooks, while the result lives, whenever the module is called: a layer of the
  /// library, one that a Sequential or AnyModule holds, or one whose function is written as `call`.
  /// Copies share them, clones do not. Several are called in turn; one that throws ends the pass.
  /// ```
  /// const nn::ModuleHook hook = model.hidden.hook({.after_forward = [&](const Tensor& y) { seen = y; }});
  /// ```
  /// In backward throws GradError, naming the module, for a gradient of another shape or dtype.
  ModuleHook hook(const ModuleHooks& hooks) const;

  /// Names this module, by its path, in errors raised while it lives. Layers do that themselves; in
  /// a function of a module that uses operations directly, it is `const ErrorContext in = here();`.
  ErrorContext here() const;

 protected:
  /// Registers a leaf to be trained, or a value to be kept. Throws ValueError for a name that is
  /// empty, taken or has a dot.
  Registration parameter(const std::string& name, const Tensor& initial) const;
  Registration buffer(const std::string& name, const Tensor& initial) const;
  /// Registers a module as a part of this one, and hands it back. It gets the flags of this one,
  /// and the dtype that this one was last turned into. Throws ValueError for such a name, and for a
  /// module that this one is a part of.
  template <class M>
  M child(const std::string& name, M module) const {
    add_child(name, module, type_of(module));
    return module;
  }
  /// Says what `operator<<` prints of this module, "Dense" and "64, 128". Without it, that is the
  /// name of the type with which the module was registered.
  void describe(std::string type, std::string arguments) const;
  /// Says how PyTorch keeps a parameter or buffer, if not as this module does. Throws ValueError if
  /// there is none of that name.
  void set_torch_layout(const std::string& name, TorchLayout layout) const;
  /// Says the name that PyTorch has for an entry of the state, both counted from this module; one
  /// that ends with a dot stands for all names that begin so: `set_torch_name("layer.", "")`. The
  /// first that fits counts.
  void set_torch_name(const std::string& name, const std::string& torch) const;
  /// f(x), as the function of this module: with its hooks, and its path in errors.
  /// `Tensor operator()(const Tensor& x) const { return call(x, [&](const Tensor& in) { ... }); }`
  template <std::invocable<const Tensor&> F>
  Tensor call(const Tensor& x, const F& f) const {
    const ErrorContext in = here();
    if (!has_hooks()) return f(x);
    return call_hooked(x, &f, [](const void* function, const Tensor& given) -> Tensor {
      return (*static_cast<const F*>(function))(given);
    });
  }
  /// Adds l1 sum|w| + l2 sum w² to the regularization loss. Throws ValueError for a negative
  /// factor.
  void penalize(const Tensor& w, double l1, double l2) const;

  struct State;
  /// While it lives, collects the modules that are copied on this thread: what a closure captures.
  class Captures {
   public:
    Captures();
    ~Captures();
    Captures(const Captures&) = delete;
    Captures& operator=(const Captures&) = delete;

   private:
    friend class Module;
    std::vector<std::shared_ptr<State>> states_;
    Captures* outer_;
  };
  /// Registers them as "0", "1", ..., but for those that are parts of others.
  void add_captured(const Captures& captures) const;

 private:
  friend class RegisteredTensor;
  friend class AnyModule;
  friend class ModuleHook;
  friend class xtape::detail::EvaluationScope;
  template <class M>
  friend M clone(const M& module);
  template <class M>
  friend M with_parameters(const M& module, const std::vector<Tensor>& parameters);

  /// While it lives, copying a module or a registered tensor makes a new one, the same new one each
  /// time.
  class CloneScope {
   public:
    [[nodiscard]] CloneScope();
    /// The new ones have these parameters, and the module's own buffers.
    [[nodiscard]] CloneScope(const Module& module, const std::vector<Tensor>& parameters);
    ~CloneScope();

    /// Throws ValueError if a part of the original is held by a pointer, which the clone shares.
    void check(const char* name) const;

   private:
    friend class Module;
    struct Pairs;
    Owned<Pairs> pairs_;
    bool own_tensors_;
    xtape::detail::CloneScope tensors_;
    CloneScope* outer_;
  };

  explicit Module(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static std::shared_ptr<const Module> handle(std::shared_ptr<State> state);

  template <class M>
  static const std::type_info& type_of(const M& module) {
    if constexpr (std::same_as<M, AnyModule>) {
      return module.type();
    } else {
      return typeid(M);
    }
  }
  NamedModules modules_inside_out() const;
  void apply_each(const void* function, void (*run)(const void* function, const Module& to)) const;
  bool has_hooks() const;
  Tensor call_hooked(const Tensor& x, const void* function,
                     Tensor (*run)(const void* function, const Tensor& x)) const;
  void add_child(const std::string& name, const Module& module, const std::type_info& type) const;
  static std::shared_ptr<State> cloned(const std::shared_ptr<State>& state);
  static bool assigned_along(const void* to, const void* from, const void* state);
  static bool assigned_along(const void* to, const void* from, const Module& part) {
    return assigned_along(to, from, part.state_.get());
  }
  static thread_local CloneScope* clone_scope_;
  static thread_local Captures* captures_;

  std::shared_ptr<State> state_;
};

template <std::invocable<const Module&> F>
void Module::apply(const F& f) const {
  apply_each(&f, [](const void* function, const Module& module) {
    (*static_cast<const F*>(function))(module);
  });
}

/// Elements of all parameters of a module, those reached twice counted once.
std::int64_t size(const Module& module);

namespace detail {
/// The name of a user's type as it is printed.
std::string type_name(const std::type_info& type);
void print(std::ostream& stream, const Module& module, const std::type_info& type);
}  // namespace detail
/// Prints a module as a tree, a line a part:
/// ```
/// Sequential(
///   (0): Dense(2, 64)
///   (1): ReLU()
/// )
/// ```
template <std::derived_from<Module> M>
std::ostream& operator<<(std::ostream& stream, const M& module) {
  detail::print(stream, module, typeid(M));
  return stream;
}

/// A module of the same type with parameters, buffers and flags of its own, equal in value.
/// Throws ValueError if it holds a registered module by a pointer or reference.
template <class M>
[[nodiscard]] M clone(const M& module) {
  const Module::CloneScope scope;
  M copy(module);
  scope.check("clone");
  return copy;
}

/// The module with other tensors in the place of its parameters, given in the order of
/// `module.parameters()`: so a loss is a function of them, to differentiate as any other.
///   `grad([&](const std::vector<Tensor>& p) { return loss(nn::with_parameters(model, p)(x), y); })`
/// They are used as they are: results of operations, within vmap or another transform, and leaves.
/// Buffers and hooks are the module's own, flags those that it has now. What is given cannot be
/// cloned, converted or given other parameters again: take the original.
/// Throws ValueError for another number of tensors and for what this function gave, ShapeError or
/// DtypeError for one that is not like the parameter, and what `clone` throws.
template <class M>
[[nodiscard]] M with_parameters(const M& module, const std::vector<Tensor>& parameters) {
  const Module::CloneScope scope(module, parameters);
  M copy(module);
  scope.check("with_parameters");
  return copy;
}

}  // namespace xtape::nn

XTAPE_EXPORT_END
