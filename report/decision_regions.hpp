#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/report/plot.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct DecisionRegionsOptions {
  std::string title = {}, x_label = "x0", y_label = "x1";
  std::vector<std::string> names = {};  ///< of the classes; by default their numbers
  std::int64_t resolution = 200;        ///< cells of the grid along each axis
  double threshold = 0.5;               ///< of a single score; 0 for logits
  double diameter = 6;                  ///< of the points
  Size size = {560, 480};
};

/// Scores [n, classes], or a single one [n, 1] or [n], or classes int64 [n], of features [n, 2].
using Classifier = std::function<Tensor(const Tensor&)>;

/// What a classifier says of each place around the points, in light colours, and what the points
/// are.
///   x [n, 2], floating   labels int64 [n], 0 or 1 [n] or [n, 1], or one-hot [n, classes]
/// Where a score is NaN the picture is white. Throws ShapeError, DtypeError, ValueError for no
/// points and numbers that are not finite, and a resolution out of range.
Plot decision_regions(const Classifier& classifier, const Tensor& x, const Tensor& labels,
                      const DecisionRegionsOptions& options = {});
/// Of a model, which is in evaluation meanwhile.
template <class Model>
requires std::derived_from<Model, nn::Module> &&
    std::is_invocable_r_v<Tensor, const Model&, const Tensor&>
        Plot decision_regions(const Model& model, const Tensor& x, const Tensor& labels,
                              const DecisionRegionsOptions& options = {}) {
  const NoGradGuard off;
  const xtape::detail::EvaluationScope evaluation(model);
  return decision_regions(Classifier(std::cref(model)), x, labels, options);
}

}  // namespace xtape::report

XTAPE_EXPORT_END
