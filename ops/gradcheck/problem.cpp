#include <algorithm>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/node.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck/problem.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::detail {
namespace {

Tensors floating_ones(Tensors tensors) {
  std::erase_if(tensors, [](const Tensor& tensor) { return !is_floating(tensor); });
  return tensors;
}

}  // namespace

Values flattened(const Tensors& tensors) {
  Values values;
  for (const Tensor& tensor : tensors) {
    if (!is_floating(tensor)) continue;
    const Values own = tensor.detach().to_vector<double>();
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

Tensors unflattened(const Values& values, const Tensors& like) {
  Tensors tensors = like;
  auto from = values.begin();
  for (Tensor& tensor : tensors) {
    if (!is_floating(tensor)) continue;
    const auto to = from + tensor.size();
    tensor = from_vector(Values(from, to), tensor.shape());
    from = to;
  }
  return tensors;
}

Values random_values(std::size_t count, Rng& rng) {
  Values values(count);
  for (double& value : values) value = (rng.uniform() < 0.5 ? -1 : 1) * (0.5 + rng.uniform());
  return values;
}

Tensors call(const Problem& problem, Tensors inputs) {
  Tensors outputs = problem.function(inputs);
  for (const Tensor& output : outputs) {
    if (output.dtype() != Dtype::float32) continue;
    throw DtypeError("gradcheck: the function must compute in float64; got an output " +
                     output.describe());
  }
  return outputs;
}

Tensors as_leaves(const Tensors& inputs, const std::vector<bool>& flags) {
  Tensors leaves;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    leaves.push_back(inputs[i].detach());
    if (flags[i] && is_floating(inputs[i])) leaves.back().set_requires_grad(true);
  }
  return leaves;
}

Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& cotangents,
                  bool create_graph) {
  Tensors recorded, seeds, wanted;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (!outputs[k].requires_grad()) continue;
    recorded.push_back(outputs[k]);
    seeds.push_back(cotangents[k]);
  }
  if (recorded.empty()) return Tensors(inputs.size());
  for (const Tensor& input : inputs) {
    if (input.requires_grad()) wanted.push_back(input);
  }
  Tensors found = grad(
      recorded, wanted,
      {.retain_graph = true, .create_graph = create_graph, .allow_unused = true, .seeds = seeds});
  auto next = found.begin();
  Tensors result;
  for (const Tensor& input : inputs)
    result.push_back(input.requires_grad() ? std::move(*next++) : Tensor());
  return result;
}

Problem gradient_of(const Problem& problem, Rng& rng) {
  Problem next = problem;
  const std::size_t inputs = problem.inputs.size();
  const Tensors outputs = floating_ones(call(problem, problem.inputs));
  for (Tensor& cotangent : unflattened(random_values(flattened(outputs).size(), rng), outputs)) {
    next.inputs.push_back(std::move(cotangent));
  }
  for (std::string& name : numbered("cotangent", outputs.size()))
    next.names.push_back(std::move(name));

  const Values weights = random_values(flattened(problem.inputs).size(), rng);
  next.function = [problem, inputs, directions = unflattened(weights, problem.inputs)](
                      const Tensors& given) -> Tensors {
    const RecordingScope on(true);
    const auto cotangents = given.begin() + static_cast<std::ptrdiff_t>(inputs);
    Tensors x(given.begin(), cotangents);
    for (Tensor& input : x) {
      if (is_floating(input) && !input.requires_grad())
        input = input.detach().set_requires_grad(true);
    }
    const Tensors slopes =
        gradients(floating_ones(call(problem, x)), x, Tensors(cotangents, given.end()), true);
    Tensor projection = zeros({}, Dtype::float64);
    for (std::size_t i = 0; i < inputs; ++i) {
      if (!slopes[i].defined()) continue;
      // By what is infinite or NaN nothing is compared.
      projection = projection + sum(where(isfinite(x[i]), slopes[i] * directions[i], 0));
    }
    return {projection};
  };
  return next;
}

std::string element_name(const Tensors& tensors, const std::vector<std::string>& names,
                         std::size_t place) {
  auto index = static_cast<std::int64_t>(place);
  std::size_t i = 0;
  for (; !is_floating(tensors[i]) || index >= tensors[i].size(); ++i) {
    if (is_floating(tensors[i])) index -= tensors[i].size();
  }
  Shape position = tensors[i].shape();
  for (int axis = position.rank() - 1; axis >= 0; --axis) {
    const std::int64_t extent = tensors[i].shape()[axis];
    position[axis] = index % extent;
    index /= extent;
  }
  return position.rank() == 0 ? names[i] : names[i] + to_string(position);
}

std::vector<std::string> numbered(const char* kind, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i)
    names.push_back(count == 1 ? kind : kind + (" " + std::to_string(i)));
  return names;
}

}  // namespace xtape::detail
