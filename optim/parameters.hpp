#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// The parameters of a group: `{w, b}`, `model.parameters()`, or with the names under which the
/// optimizer's state knows them, `{{"w", w}, {"b", b}}`, `model.named_parameters()`, `model`.
/// A part of a model, `model.body`, gives the names from the root: "body.0.weight".
/// A state finds parameters without names by their places.
class Parameters {
 public:
  Parameters() = default;
  Parameters(std::initializer_list<Tensor> parameters);
  Parameters(std::initializer_list<NamedTensor> parameters);
  Parameters(const std::vector<Tensor>& parameters);
  Parameters(NamedTensors parameters);
  template <class Module>
  requires requires(const Module& module) { module.named_parameters(); }
  Parameters(const Module& module) : Parameters(NamedTensors(module.named_parameters())) {
    if constexpr (requires { std::string(module.path()); }) {
      const std::string path = module.path();
      if (path.empty()) return;
      for (NamedTensor& parameter : list_) parameter.first = path + "." + parameter.first;
    }
  }

  std::size_t size() const { return list_.size(); }

  /// The parameters with their names; those without are numbered "first", "first + 1", ...
  NamedTensors named(std::size_t first = 0) const;

 private:
  NamedTensors list_;
  bool numbered_ = false;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
