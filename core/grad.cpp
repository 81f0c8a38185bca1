#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/tape.hpp>

namespace xtape {
namespace {

void check_output(const char* op, const Tensor& output) {
  detail::require_defined(op, "the output", output);
  if (output.requires_grad()) return;
  if (detail::watched(output)) {
    throw GradError(std::string(op) +
                    ": inside vmap a function is differentiated by what it is given, as in "
                    "grad(f)(x), not by what all examples have in common; got " +
                    output.describe());
  }
  throw GradError(
      std::string(op) +
      ": the output must depend on a tensor with set_requires_grad(true); got the constant " +
      output.describe());
}

Tensor unit_seed(const char* op, const Tensor& output) {
  if (output.size() != 1) {
    throw GradError(std::string(op) + ": an output without a seed must be a scalar; got " +
                    output.describe());
  }
  return ones(output.shape(), output.dtype());
}

void check_seed(const char* op, const Tensor& output, const Tensor& seed) {
  const auto got = [&] { return seed.describe() + " for " + output.describe(); };
  if (seed.shape() != output.shape())
    throw ShapeError(std::string(op) + ": a seed has its output's shape; got " + got());
  if (seed.dtype() != output.dtype())
    throw DtypeError(std::string(op) + ": a seed has its output's dtype; got " + got());
}

/// Tells who watches that gradients are added to those of leaves while it lives.
class Adding {
 public:
  Adding(std::span<Node* const> leaves, std::span<const Tensor> gradients)
      : told_(detail::Watcher::present()) {
    if (told_) [[unlikely]]
      detail::Watcher::tell_all([&](detail::Watcher& to) { to.adds(leaves, gradients); });
  }
  ~Adding() {
    if (told_) [[unlikely]]
      detail::Watcher::tell_all([](detail::Watcher& to) { to.ends(); });
  }
  Adding(const Adding&) = delete;
  Adding& operator=(const Adding&) = delete;

 private:
  bool told_;
};

}  // namespace

void Tensor::backward(BackwardOptions options) const {
  check_output("backward", *this);
  backward(unit_seed("backward", *this), options);
}

void Tensor::backward_from(const Tensor& given, BackwardOptions options) const {
  check_output("backward", *this);
  detail::require_defined("backward", "the seed", given);
  Tensor adapted;
  const Tensor& seed = detail::beside("backward", given, dtype(), adapted);
  check_seed("backward", *this, seed);
  detail::named_in_errors("backward", [&] {
    detail::GradientListener* const listener = detail::GradientListener::take();
    Tape tape(*this);
    auto collectors = tape.collectors();
    auto gradients = tape.sweep({this, 1}, {&seed, 1}, collectors,
                                {.retain_graph = options.retain_graph,
                                 .call_hooks = true,
                                 .rows = true,
                                 .listener = listener});
    if (listener != nullptr) {
      detail::refuse_to_repeat("an exchange of gradients");
      listener->finish(collectors, gradients);
    }
    const Adding adding(collectors, gradients);
    detail::Leaf::add_grads(collectors, gradients);
  });
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options) {
  if (!options.seeds.empty() && options.seeds.size() != outputs.size()) {
    throw GradError("grad: one seed is needed for each output; got " +
                    std::to_string(options.seeds.size()) + " for " +
                    std::to_string(outputs.size()));
  }
  for (const Tensor& x : inputs) detail::require_defined("grad", "the inputs", x);
  for (const Tensor& seed : options.seeds) detail::require_defined("grad", "the seeds", seed);
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check_output("grad", outputs[i]);
    Tensor adapted;
    seeds.push_back(options.seeds.empty()
                        ? unit_seed("grad", outputs[i])
                        : detail::beside("grad", options.seeds[i], outputs[i].dtype(), adapted));
    check_seed("grad", outputs[i], seeds.back());
  }
  std::vector<Node*> wanted(inputs.size());
  std::transform(inputs.begin(), inputs.end(), wanted.begin(),
                 [](const Tensor& x) { return x.node(); });

  const auto gradients = detail::named_in_errors("grad", [&] {
    Tape tape(outputs);
    for (std::size_t i = 0; i < inputs.size() && !options.allow_unused; ++i) {
      if (tape.contains(wanted[i])) continue;
      throw GradError("grad: the outputs do not depend on input " + std::to_string(i) + ", " +
                      inputs[i].describe() + " (see allow_unused)");
    }
    return tape.sweep(outputs, seeds, wanted,
                      {.retain_graph = options.retain_graph.value_or(options.create_graph),
                       .create_graph = options.create_graph});
  });
  return {gradients.begin(), gradients.end()};
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         const GradOptions& options) {
  return grad(std::vector<Tensor>{output}, inputs, options);
}

}  // namespace xtape
