#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/tape.hpp>

namespace xtape {
namespace {

void check_tangent(const Node& node, const Tensor& tangent) {
  if (tangent.shape() == node.shape() && tangent.dtype() == node.dtype()) return;
  throw GradError(std::string(node.name()) + ": the tangent of the result must be " +
                  std::string(to_string(node.dtype())) + to_string(node.shape()) +
                  ", as the result; the rule gave " + tangent.describe());
}

}  // namespace

Tensor Tape::push(std::span<Node* const> from, std::span<const Tensor> tangents, const Node* to) {
  List<Tensor> known(size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (const std::int32_t place = find(from[i]); place != nowhere)
      known[static_cast<std::size_t>(place)] = tangents[i];
  }
  std::vector<Tensor> inputs;
  for (std::size_t i = first_leaf_; i > 0;) {
    --i;
    if (known[i].defined()) continue;
    Node& node = *nodes_[i];
    inputs.assign(node.inputs().size(), {});
    bool changes = false;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      const std::int32_t source = targets_[first_edge_[i] + n];
      if (source == nowhere) continue;
      inputs[n] = known[static_cast<std::size_t>(source)];
      changes = changes || inputs[n].defined();
    }
    if (!changes) continue;
    if (node.released()) {
      throw GradError(std::string("jvp: the saved values of ") + node.name() + " are gone");
    }
    known[i] = detail::named_in_errors(node.name(), [&] { return node.push({node, inputs}); });
    if (known[i].defined()) check_tangent(node, known[i]);
  }
  const std::int32_t place = find(to);
  return place == nowhere ? Tensor() : known[static_cast<std::size_t>(place)];
}

Tensor Tangents::by_transposing() const {
  const bool recorded = recording();
  const RecordingScope on(true);
  const int level = detail::current_level();
  // Anywhere, since the rule is linear in it; but not at 0, where rules make exceptions.
  const Tensor u = detail::raised(ones(shape(), dtype()), level).set_requires_grad(true);
  std::vector<detail::GradientSum> sums(size());
  std::vector<std::int32_t> targets;
  for (std::size_t i = 0; i < size(); ++i)
    targets.push_back(inputs_[i].defined() ? static_cast<std::int32_t>(i) : -1);
  try {
    const detail::RuleScope running(node_.name());
    node_.run(u, Send(sums.data(), node_, targets.data()));
  } catch (const GradError& error) {
    throw detail::NoForwardMode(error.what());
  }

  std::vector<Tensor> gradients, tangents;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!inputs_[i].defined() || !sums[i].value().defined()) continue;
    if (!sums[i].value().requires_grad()) continue;  // it is 0
    gradients.push_back(sums[i].take());
    tangents.push_back(inputs_[i]);
  }
  if (gradients.empty()) return {};
  Node* const wanted = u.node();
  try {
    return Tape(gradients, wanted->number())
        .sweep(gradients, tangents, {&wanted, 1},
               {.retain_graph = true, .create_graph = recorded})[0];
  } catch (const GradError& error) {
    throw detail::NoForwardMode(error.what());
  }
}

}  // namespace xtape
