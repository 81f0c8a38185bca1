#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/metrics.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {

double accuracy(const Tensor& scores, const Tensor& labels) {
  const bool sparse = labels.rank() == 1;
  if (scores.rank() != 2 ||
      (sparse ? labels.extent(0) != scores.extent(0) : labels.shape() != scores.shape())) {
    throw ShapeError("accuracy: scores [n, classes] need labels [n] or one-hot [n, classes]; got " +
                     scores.describe() + " and " + labels.describe());
  }
  if (sparse && labels.dtype() != Dtype::int64) {
    throw DtypeError("accuracy: labels must be int64; got " + labels.describe());
  }
  const NoGradGuard off;
  return mean(argmax(scores, 1) == (sparse ? labels : argmax(labels, 1))).item();
}

}  // namespace xtape
