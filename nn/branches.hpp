#pragma once
#include <concepts>
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/module_list.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Layers that are all given the same x, and whose results are added: parts "0", "1", ...
/// `Parallel block{nn::Conv2d(8, 8, 3, {.padding = 1}), nn::Conv2d(8, 8, 1)};`
/// Throws ValueError for no layers, ShapeError unless the results have one shape.
class Parallel : public ModuleList<> {
 public:
  Parallel() = default;
  template <class First, class... Layers>
  requires(sizeof...(Layers) > 0 ||
           !std::derived_from<First, Parallel>) explicit Parallel(const First& first,
                                                                  const Layers&... layers) {
    push_back(first);
    (push_back(layers), ...);
  }

  Tensor operator()(const Tensor& x) const;
};

struct ConcatenateOptions {
  std::int64_t axis = 1;  ///< of the channels
};

/// The same, the results one behind the other along an axis: `Concatenate block{a, b};`, or
/// `Concatenate(ConcatenateOptions{.axis = -1}, a, b)`.
/// Throws ValueError for no layers, and as concatenate.
class Concatenate : public ModuleList<> {
 public:
  explicit Concatenate(const ConcatenateOptions& options = {});
  template <class... Layers>
  requires(sizeof...(Layers) > 0) explicit Concatenate(const ConcatenateOptions& options,
                                                       const Layers&... layers)
      : Concatenate(options) {
    (push_back(layers), ...);
  }
  template <class First, class... Layers>
  requires((sizeof...(Layers) > 0 || !std::derived_from<First, Concatenate>)&&!std::convertible_to<
           First, ConcatenateOptions>) explicit Concatenate(const First& first,
                                                            const Layers&... layers)
      : Concatenate(ConcatenateOptions(), first, layers...) {}

  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t axis_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
