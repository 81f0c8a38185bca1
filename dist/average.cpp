#include <cmath>
#include <cstddef>

#include <xtape/core/error.hpp>
#include <xtape/core/gradient_listener.hpp>
#include <xtape/dist/bucket.hpp>
#include <xtape/dist/exchanged.hpp>
#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/same.hpp>

namespace xtape::dist {

std::vector<std::string> detail::lines_of(const nn::Module& model) {
  std::vector<std::string> lines;
  for (const auto& [name, tensor] : model.state()) lines.push_back(name + " " + tensor.describe());
  return lines;
}

void detail::require_same(const char* op, const World& world,
                          const std::vector<std::string>& lines) {
  world.require_same(std::string(op) + ": models and options", lines);
}

Tensor detail::checked_loss(const char* op, const Tensor& loss, double samples) {
  if (!(samples >= 0) || !std::isfinite(samples)) {
    throw ValueError(std::string(op) + ": samples must be a number from 0; got " +
                     xtape::detail::text(samples));
  }
  if (!loss.defined() && samples > 0) {
    throw ValueError(std::string(op) + ": samples need a loss; got " +
                     xtape::detail::text(samples) + " and none");
  }
  return samples > 0 ? loss : Tensor();
}

double average_gradients(const nn::Module& model, const World& world, double samples) {
  if (!(samples >= 0) || !std::isfinite(samples)) {
    throw ValueError("average_gradients: samples must be a number from 0; got " +
                     xtape::detail::text(samples));
  }
  detail::Link& link = world.link();
  if (link.size == 1) return samples;
  detail::require_same("average_gradients", world, detail::lines_of(model));
  double total = samples;
  world.sum({&total, 1});
  if (!(total > 0))
    throw ValueError("average_gradients: some rank must have samples; got none on all ranks");

  const double unit = std::exp2(std::ilogb(total));  // sums of a dtype's means do not overflow
  std::vector<Tensor> leaves, means;
  const NamedTensors all = model.named_parameters();
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    std::vector<Tensor> parameters;
    std::vector<std::string> names;
    std::vector<std::int64_t> sizes;
    for (const auto& [name, parameter] : all) {
      if (parameter.dtype() != dtype) continue;
      parameters.push_back(parameter);
      names.push_back(name);
      sizes.push_back(parameter.size());
    }
    if (parameters.empty()) continue;
    detail::Bucket bucket(dtype, sizes, Wire::exact);
    for (std::size_t i = 0; i < parameters.size() && samples > 0; ++i) {
      if (const Tensor gradient = parameters[i].grad(); gradient.defined())
        bucket.add(i, gradient, samples / unit);
    }
    bucket.start(link);
    bucket.wait();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Tensor mean = bucket.part(i, parameters[i].shape(), total / unit);
      if (!mean.defined()) continue;
      if (parameters[i].node() == nullptr) {
        throw ValueError("average_gradients: a parameter must be frozen on all ranks or on none; " +
                         names[i] + " is on this one alone");
      }
      leaves.push_back(parameters[i]);
      means.push_back(std::move(mean));
    }
  }
  xtape::detail::set_gradients(leaves, means);
  return total;
}

}  // namespace xtape::dist
