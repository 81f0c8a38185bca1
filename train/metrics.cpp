#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/train/metrics.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {

double accuracy(const Tensor& scores, const Tensor& labels) {
  nn::detail::check_label_shapes("accuracy", "scores", scores, labels);
  const bool sparse = labels.rank() == 1;
  if (sparse && labels.dtype() != Dtype::int64) {
    throw DtypeError("accuracy: labels must be int64; got " + labels.describe());
  }
  if (sparse) nn::detail::check_label_range("accuracy", labels, scores.extent(1));
  const NoGradGuard off;
  return mean(argmax(scores, 1) == (sparse ? labels : argmax(labels, 1))).item();
}

}  // namespace xtape
