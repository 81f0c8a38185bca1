#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/branches.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {
namespace {

std::vector<Tensor> results(const char* op, const ModuleList<>& branches, const Tensor& x) {
  if (branches.size() == 0) throw ValueError(std::string(op) + ": there are no layers");
  std::vector<Tensor> y;
  y.reserve(branches.size());
  for (const AnyModule& branch : branches) y.push_back(branch(x));
  return y;
}

}  // namespace

Tensor Parallel::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    const std::vector<Tensor> parts = results("parallel", *this, in);
    Tensor y = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].shape() != y.shape()) {
        throw ShapeError("parallel: all layers must give one shape; got " + y.describe() + " and " +
                         parts[i].describe());
      }
      y = y + parts[i];
    }
    return y;
  });
}

Concatenate::Concatenate(const ConcatenateOptions& options) : axis_(options.axis) {
  describe("Concatenate", axis_ == 1 ? "" : "axis=" + xtape::detail::text(axis_));
}

Tensor Concatenate::operator()(const Tensor& x) const {
  return call(
      x, [&](const Tensor& in) { return concatenate(results("concatenate", *this, in), axis_); });
}

}  // namespace xtape::nn
