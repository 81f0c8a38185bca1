#include "outcome.hpp"

#include <algorithm>
#include <cmath>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"

using namespace xtape;

Tensors leaves(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(x.detach().set_requires_grad(true));
  return result;
}

Tensor slopes_like(const Tensor& y) {
  return (reshape(remainder(arange(y.size()) * 5, 13) - 6, y.shape()).to(Dtype::float64) / 8)
      .to(y.dtype());
}

Tensors gradients_of(const Tensors& outputs, const Tensors& inputs, bool create_graph) {
  Tensors recorded;
  GradOptions options{.create_graph = create_graph, .allow_unused = true};
  for (const Tensor& y : outputs) {
    if (!y.defined() || !y.requires_grad()) continue;
    recorded.push_back(y);
    options.seeds.push_back(slopes_like(y));
  }
  if (recorded.empty()) return Tensors(inputs.size());
  return grad(recorded, inputs, options);
}

Tensors outcome(const Program& program, const Tensors& inputs, bool twice, const Manner& manner) {
  const Tensors x = leaves(inputs);
  Tensors all = outputs_of(program, x, manner);
  const Tensors first = gradients_of(all, x, twice);
  const Tensors second = twice ? gradients_of(first, x, false) : Tensors();
  all.insert(all.end(), first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  std::erase_if(all, [](const Tensor& each) { return !each.defined(); });
  for (Tensor& each : all) each = each.detach();
  return all;
}

void require_same(const Tensors& got, const Tensors& expected, const std::string& what) {
  require(got.size() == expected.size(), what + ": another number of results");
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string difference = mismatch(got[i], expected[i]);
    require(difference.empty(), what + ": result " + std::to_string(i) + ": " + difference);
  }
}

double greatest(const Tensor& x) {
  double most = 0;
  for (const double each : x.detach().to_vector<double>())
    most = std::isfinite(each) ? std::max(most, std::abs(each)) : HUGE_VAL;
  return most;
}

void require_close(const Tensors& got, const Tensors& expected, double tolerance,
                   const std::string& what) {
  require(got.size() == expected.size(), what + ": another number of results");
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string which = what + ": result " + std::to_string(i);
    require(got[i].defined() == expected[i].defined(), which + " is not defined");
    if (!got[i].defined()) continue;
    require(got[i].shape() == expected[i].shape() && got[i].dtype() == expected[i].dtype(),
            which + " is " + got[i].describe() + " instead of " + expected[i].describe());
    const double scale = 1 + greatest(expected[i]);
    if (scale > 1e8) continue;
    const std::string difference = mismatch(got[i] / scale, expected[i] / scale, tolerance);
    require(difference.empty(), which + ": " + difference);
  }
}

bool moderate(const Program& program) {
  const Tensors x = leaves(program.inputs);
  const Tensors all = values_of(program, x);
  Tensors recorded;
  for (const Tensor& y : all) {
    if (greatest(y) > 1e3) return false;
    if (y.requires_grad()) recorded.push_back(y);
  }
  for (const Tensor& each : gradients_of(outputs_of(program, x), x, false))
    if (each.defined() && greatest(each) > 1e4) return false;
  return true;
}

Tensor total_of(const Program& program, const Tensors& x) {
  Tensor total = zeros({}, Dtype::float64);
  for (const Tensor& y : outputs_of(program, x)) total = total + sum(y * slopes_like(y));
  return total;
}
