#include <algorithm>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/muon.hpp>

namespace xtape::optim {
namespace {

/// A matrix with the singular vectors of x and singular values close to 1.
Tensor orthogonalized(const Tensor& x, std::int64_t iterations) {
  const bool tall = x.extent(0) > x.extent(1);  // the smaller product
  const double length = norm(x).item();
  Tensor d = (tall ? transpose(x) : x) / std::max(length, 1e-7);
  for (std::int64_t i = 0; i < iterations; ++i) {
    const Tensor product = matmul(d, transpose(d));
    d = 3.4445 * d + matmul(2.0315 * matmul(product, product) - 4.775 * product, d);
  }
  return tall ? transpose(d) : d;
}

}  // namespace

Muon::Muon(const Parameters& parameters, const MuonOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void Muon::check_for(const MuonOptions& options, Dtype dtype) const {
  check_below_one("muon", "momentum", options.momentum);
  check_not_negative("muon", "weight_decay", options.weight_decay, dtype);
  detail::require_at_least<std::int64_t>("muon", "iterations", options.iterations, 1);
}

void Muon::check_parameter(const std::string& name, const Tensor& parameter) const {
  if (parameter.defined() && parameter.rank() == 2) return;
  throw ShapeError("muon: parameters must be matrices; got \"" + name + "\", " +
                   parameter.describe());
}

std::vector<std::string> Muon::slots(const MuonOptions&) const { return {"momentum_buffer"}; }

void Muon::update(const MuonOptions& options, const Update& parameter) const {
  const Tensor w = parameter.parameter.detach();
  const Tensor &g = parameter.gradient, &buffer = parameter.state[0];
  const double momentum = options.momentum, rest = 1 - momentum;
  const Tensor m = momentum * buffer + rest * g;
  const Tensor step =
      orthogonalized(options.nesterov ? momentum * m + rest * g : m, options.iterations);
  const int outputs = options.outputs_first ? 0 : 1;
  const double ratio =
      static_cast<double>(w.extent(outputs)) / static_cast<double>(w.extent(1 - outputs));
  const double rate = parameter.rate * std::sqrt(std::max(1.0, ratio));
  const Tensor next = (1 - parameter.rate * options.weight_decay) * w - rate * step;
  buffer.assign(m);
  parameter.parameter.assign(next);
}

}  // namespace xtape::optim
