#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// What a model is called with: one tensor, or several in braces.
class ExportInputs {
 public:
  ExportInputs() = default;
  ExportInputs(const Tensor& x) : tensors_{x} {}
  ExportInputs(std::initializer_list<Tensor> tensors) : tensors_(tensors) {}
  ExportInputs(std::vector<Tensor> tensors) : tensors_(std::move(tensors)) {}

  /// Whether there are none, or one that is undefined.
  bool empty() const {
    return tensors_.empty() || (tensors_.size() == 1 && !tensors_[0].defined());
  }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  std::vector<Tensor> tensors_;
};

namespace detail {

template <class T>
struct AreTensors : std::bool_constant<std::convertible_to<const T&, Tensor>> {};
template <>
struct AreTensors<std::vector<Tensor>> : std::true_type {};
template <class A, class B>
struct AreTensors<std::pair<A, B>>
    : std::bool_constant<AreTensors<A>::value && AreTensors<B>::value> {};
template <class... T>
struct AreTensors<std::tuple<T...>> : std::bool_constant<(AreTensors<T>::value && ...)> {};
template <class T, std::size_t n>
struct AreTensors<std::array<T, n>> : AreTensors<T> {};

template <class T>
void append_tensors(std::vector<Tensor>& list, const T& of) {
  if constexpr (std::convertible_to<const T&, Tensor>)
    list.push_back(of);
  else if constexpr (std::is_same_v<T, std::vector<Tensor>>)
    list.insert(list.end(), of.begin(), of.end());
  else
    std::apply([&](const auto&... each) { (append_tensors(list, each), ...); }, of);
}

template <std::size_t>
using OneTensor = Tensor;
/// Whether it gives tensors for such arguments.
template <class Model, class... Inputs>
concept GivesTensors = std::is_invocable_v<const Model&, const Inputs&...> &&
    AreTensors<std::remove_cvref_t<std::invoke_result_t<const Model&, const Inputs&...>>>::value;
template <class Model, class Places>
inline constexpr bool takes_places = false;
template <class Model, std::size_t... i>
inline constexpr bool takes_places<Model, std::index_sequence<i...>> =
    GivesTensors<Model, OneTensor<i>...>;

using InputCounts = std::make_index_sequence<8>;
template <class Model, std::size_t... less>
constexpr bool takes_some(std::index_sequence<less...>) {
  return (takes_places<Model, std::make_index_sequence<less + 1>> || ...);
}

/// Calls the model, if it takes as many tensors, and lists what it gives.
template <class Model, std::size_t... i>
bool call_with(std::index_sequence<i...> places, const Model& model,
               const std::vector<Tensor>& inputs, std::vector<Tensor>& results) {
  if constexpr (takes_places<Model, decltype(places)>) {
    if (inputs.size() != sizeof...(i)) return false;
    append_tensors(results, model(inputs[i]...));
    return true;
  }
  return false;
}

template <class Model, std::size_t... less>
bool call_with_as_many(std::index_sequence<less...>, const Model& model,
                       const std::vector<Tensor>& inputs, std::vector<Tensor>& results) {
  return (call_with(std::make_index_sequence<less + 1>(), model, inputs, results) || ...);
}

using ModelFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

/// The model as a function of a list, which throws ValueError if it does not take as many tensors.
template <class Model>
ModelFunction function_of(const char* op, const Model& model) {
  return [=, &model](const std::vector<Tensor>& inputs) {
    std::vector<Tensor> results;
    if (call_with_as_many(InputCounts(), model, inputs, results)) return results;
    if constexpr (GivesTensors<Model, std::vector<Tensor>>)
      append_tensors(results, model(inputs));
    else
      throw ValueError(std::string(op) + ": the model must take as many tensors as it is given; " +
                       "got " + std::to_string(inputs.size()));
    return results;
  };
}

}  // namespace detail

/// A module, or an AnyModule, that is a function of one tensor or several, up to 8, or of a vector
/// of them, and gives a tensor, a pair, tuple or array of them, or a vector.
template <class Model>
concept ExportableModel = std::convertible_to<const Model&, const nn::Module&> &&
    (detail::takes_some<Model>(detail::InputCounts()) ||
     detail::GivesTensors<Model, std::vector<Tensor>>);

}  // namespace xtape

XTAPE_EXPORT_END
