#include <algorithm>

#include <xtape/core/accumulate.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/gradient_listener.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/tape.hpp>

namespace xtape {
namespace {

/// Somebody's wish for the place of `node` in the list; `edge` is where to note it.
struct Visit {
  std::uint64_t number;
  Node* node;
  std::int32_t edge;
  bool operator<(const Visit& other) const { return number < other.number; }
};

/// All wishes for a leaf: the edges of them are linked, each in the place of its target.
struct LeafWishes {
  Node* leaf;
  std::int32_t last_edge;
};

thread_local const char* rule = nullptr;  // that runs

/// A gradient to hand out. If a rule has sent one tensor to several places, or handed the seed on,
/// each place gets a handle of its own: `assign` to one of them is not seen by the others.
Tensor result(const Tensor& gradient) {
  if (!gradient.defined()) return {};
  return detail::shared(gradient) ? detail::snapshot(gradient, "") : gradient;
}

}  // namespace

detail::RuleScope::RuleScope(const char* name) : outer_(std::exchange(rule, name)) {}
detail::RuleScope::~RuleScope() { rule = outer_; }
const char* detail::running_rule() { return rule; }
const char* detail::differentiable_rule() { return recording() ? rule : nullptr; }

Tape::Tape(const Tensor& output) : Tape(std::span(&output, 1)) {}
Tape::Tape(std::span<const Tensor> outputs, std::uint64_t since, bool all_leaves)
    : since_(since), all_leaves_(all_leaves) {
  link(outputs);
}
Tape::~Tape() = default;

/// Walks from the outputs, always to the newest node not yet visited: a heap yields all wishes for
/// one node together, so no node needs a mark, and several threads can walk graphs that share
/// nodes. Leaves, often wished for by every operation, wait in a list of their own, which few of
/// them enter more than once.
void Tape::link(std::span<const Tensor> outputs) {
  List<Visit> heap;
  List<LeafWishes> leaves;
  Visit newest{};  // ahead of the heap: along a chain nothing ever enters it
  const auto wish_leaf = [&](Node* leaf, std::int32_t edge) {
    constexpr std::size_t most = 4;  // of the last that are looked at
    for (std::size_t i = leaves.size(); i > 0 && i + most > leaves.size(); --i) {
      LeafWishes& known = leaves[i - 1];
      if (known.leaf != leaf) continue;
      if (edge != nowhere) targets_[static_cast<std::size_t>(edge)] = known.last_edge;
      if (edge != nowhere) known.last_edge = edge;
      return;
    }
    leaves.push_back({leaf, edge});
  };
  const auto wish = [&](Node* node, std::int32_t edge) {
    if (node == nullptr) return;
    if (node->number() < since_ && !(all_leaves_ && node->leaf_))
      return older_.push_back({node, edge == nowhere ? nullptr : nodes_.back()});
    if (node->leaf_) return wish_leaf(node, edge);
    Visit visit{node->number_, node, edge};
    if (newest.node == nullptr) {
      newest = visit;
      return;
    }
    if (newest < visit) std::swap(newest, visit);
    heap.push_back(visit);
    std::push_heap(heap.begin(), heap.end());
  };
  const auto visit = [&](const Visit& next) {
    if (nodes_.empty() || nodes_.back() != next.node) {
      nodes_.push_back(next.node);
      if (next.node->retains_grad()) retaining_.push_back(next.node);
      first_edge_.push_back(static_cast<std::uint32_t>(targets_.size()));
      for (std::size_t i = 0; i < next.node->inputs_.size(); ++i) {
        targets_.push_back(nowhere);
        wish(next.node->inputs_[i].get(), static_cast<std::int32_t>(targets_.size()) - 1);
      }
    }
    if (next.edge != nowhere)
      targets_[static_cast<std::size_t>(next.edge)] = static_cast<std::int32_t>(size()) - 1;
  };
  for (const Tensor& output : outputs) {
    if (output.node() != nullptr && !output.node()->is_own()) {
      throw GradError(std::string("backward: a graph is swept by the copy of the library that ") +
                      "recorded it (are there two in this process?); got the result of " +
                      output.node()->name());
    }
    wish(output.node(), nowhere);
    roots_.push_back(output.body().node);
  }
  while (newest.node != nullptr) {
    const Visit next = std::exchange(newest, heap.empty() ? Visit{} : heap.front());
    if (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    visit(next);
  }
  first_leaf_ = size();
  std::sort(leaves.begin(), leaves.end(), [](const LeafWishes& a, const LeafWishes& b) {
    return a.leaf->number_ > b.leaf->number_;
  });
  for (const LeafWishes& wishes : leaves) {
    visit({wishes.leaf->number_, wishes.leaf, nowhere});
    for (std::int32_t edge = wishes.last_edge; edge != nowhere;)
      edge = std::exchange(targets_[static_cast<std::size_t>(edge)],
                           static_cast<std::int32_t>(size()) - 1);
  }
}

std::int32_t Tape::find(const Node* node) const {
  if (node == nullptr) return nowhere;
  const auto operations_end = nodes_.begin() + static_cast<std::ptrdiff_t>(first_leaf_);
  const auto begin = node->leaf_ ? operations_end : nodes_.begin();
  const auto end = node->leaf_ ? nodes_.end() : operations_end;
  const auto found =
      std::lower_bound(begin, end, node->number_,
                       [](const Node* a, std::uint64_t number) { return a->number_ > number; });
  return found != end && *found == node ? static_cast<std::int32_t>(found - nodes_.begin())
                                        : nowhere;
}

Tape::List<Node*> Tape::leaves() const {
  List<Node*> leaves;
  leaves.reserve(size() - first_leaf_);
  for (std::size_t i = first_leaf_; i < size(); ++i) leaves.push_back(nodes_[i]);
  return leaves;
}

Tape::List<Node*> Tape::collectors() const {
  List<Node*> collectors = leaves();
  collectors.insert(collectors.end(), retaining_.begin(), retaining_.end());
  return collectors;
}

std::size_t Tape::saved_bytes() const {
  std::size_t bytes = 0;
  for (const Node* node : nodes_) bytes += node->saved_bytes();
  return bytes;
}

/// Whether the rule of a node has anything to send to.
inline bool Tape::runs(std::size_t index) const {
  const std::size_t end = index + 1 < size() ? first_edge_[index + 1] : aimed_.size();
  for (std::size_t edge = first_edge_[index]; edge < end; ++edge) {
    if (aimed_[edge] != nowhere) return true;
  }
  return false;
}

/// Asks memory for a node that is needed soon: a long graph does not lie in the cache.
inline void Tape::fetch(std::size_t index) const {
  if (index >= size()) return;
  const char* node = reinterpret_cast<const char*>(nodes_[index]);
  __builtin_prefetch(node);
  __builtin_prefetch(node + 128);
}

/// Leaves out the edges to nodes through which none of `wanted` is reached, and if the derivatives
/// are partial, those of the wanted.
void Tape::prune(const List<bool>& wanted, bool partial) {
  List<bool> useful = wanted;
  for (std::size_t i = first_leaf_; i > 0;) {  // inputs lie behind
    --i;
    const std::size_t end = i + 1 < size() ? first_edge_[i + 1] : targets_.size();
    for (std::size_t edge = first_edge_[i]; edge < end; ++edge) {
      const bool leads_on = targets_[edge] != nowhere && !(partial && wanted[i]);
      if (leads_on && useful[static_cast<std::size_t>(targets_[edge])]) {
        useful[i] = true;
      } else {
        pruned_[edge] = nowhere;
      }
    }
  }
}

/// Ends a sweep, also when a rule throws.
struct Tape::SweepEnd {
  Tape& tape;
  bool retain_graph;
  ~SweepEnd() {
    // The oldest first: a node that is reached alone is free before the node that leads to it.
    for (std::size_t i = tape.claimed_; i > 0;) {
      --i;
      Node& node = *tape.nodes_[i];
      if (!node.released() && tape.runs(i)) node.unclaim(retain_graph);
    }
    tape.claimed_ = 0;
    tape.gradients_.clear();
    tape.aimed_ = {};
    tape.pruned_.clear();
  }
};

/// Prepares a sweep to `wanted`: which gradients are kept, and which edges lead there.
Tape::List<bool> Tape::aim(std::span<const std::int32_t> wanted, bool partial) {
  List<bool> keep(size(), false);
  std::size_t leaves = 0;
  for (const std::int32_t index : wanted) {
    if (index == nowhere || keep[static_cast<std::size_t>(index)]) continue;
    keep[static_cast<std::size_t>(index)] = true;
    if (static_cast<std::size_t>(index) >= first_leaf_) ++leaves;
  }
  aimed_ = targets_;
  if (partial || leaves < size() - first_leaf_) {
    pruned_ = targets_;
    prune(keep, partial);
    aimed_ = pruned_;
  }
  return keep;
}

/// Claims every rule on the way, the newest first: of two sweeps that meet, one fails before it has
/// run anything that both reach, and gives back what it has claimed.
void Tape::claim(bool shared) {
  for (; claimed_ < first_leaf_; ++claimed_) {
    fetch(claimed_ + 8);
    if (!runs(claimed_)) continue;
    Node& node = *nodes_[claimed_];
    if (node.claim(shared)) continue;
    const std::string what =
        std::string(node.name_) + " (number " + std::to_string(node.number()) + ")";
    throw GradError("backward: a graph can be swept once unless retain_graph is set; " +
                    (node.released() ? "the saved values of " + what +
                                           " are gone (a state that goes on into the next step "
                                           "leaves its graph behind by detach())"
                                     : what + " is being swept by another thread"));
  }
}

/// A leaf of which somebody hears, and the operation whose rule is the last to send to it.
struct Tape::Completion {
  std::size_t after;
  std::size_t leaf;
};

/// Those of the wanted leaves, the first to be complete at the end of the list.
Tape::List<Tape::Completion> Tape::completions(const List<bool>& wanted,
                                               const SweepOptions& options) const {
  List<Completion> list;
  const auto heard = [&](const Node& leaf) {
    return (options.call_hooks && detail::Leaf::has_hooks(leaf)) ||
           (options.listener != nullptr && options.listener->wants(leaf));
  };
  for (std::size_t leaf = first_leaf_; leaf < size(); ++leaf) {
    if (wanted[leaf] && heard(*nodes_[leaf])) list.push_back({first_leaf_, leaf});
  }
  if (list.empty()) return list;
  List<std::size_t> last(size(), first_leaf_);
  for (std::size_t i = 0; i < first_leaf_; ++i) {
    const std::size_t end = i + 1 < size() ? first_edge_[i + 1] : aimed_.size();
    for (std::size_t edge = first_edge_[i]; edge < end; ++edge) {
      if (aimed_[edge] != nowhere) last[static_cast<std::size_t>(aimed_[edge])] = i;
    }
  }
  for (Completion& completion : list) completion.after = last[completion.leaf];
  std::sort(list.begin(), list.end(),
            [](const Completion& a, const Completion& b) { return a.after > b.after; });
  return list;
}

void Tape::complete(std::size_t leaf, const SweepOptions& options) {
  detail::GradientSum& sum = gradients_[leaf];
  Tensor gradient = sum.dense_value();
  if (!gradient.defined()) return;
  Node& node = *nodes_[leaf];
  if (options.call_hooks && detail::Leaf::has_hooks(node)) {
    detail::refuse_to_repeat("a hook of a leaf");
    gradient = detail::Leaf::call_hooks(node, std::move(gradient));
    sum = {};
    sum.add(gradient);
  }
  if (options.listener != nullptr && options.listener->wants(node))
    options.listener->complete(node, gradient);
}

Tape::List<Tensor> Tape::sweep(std::span<const Tensor> outputs, std::span<const Tensor> seeds,
                               std::span<Node* const> wanted, SweepOptions options) {
  List<std::int32_t> wanted_at(wanted.size());
  std::transform(wanted.begin(), wanted.end(), wanted_at.begin(),
                 [this](const Node* node) { return find(node); });
  const SweepEnd at_end{*this, options.retain_graph};
  const List<bool> keep = aim(wanted_at, options.partial);
  claim(options.retain_graph);

  const RecordingScope scope(options.create_graph);
  gradients_.assign(size(), {});
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (const std::int32_t index = find(outputs[i].node()); index != nowhere) {
      gradients_[static_cast<std::size_t>(index)].add(seeds[i]);
    }
  }
  List<Completion> waiting = options.call_hooks || options.listener != nullptr
                                 ? completions(keep, options)
                                 : List<Completion>();
  const auto complete_after = [&](std::size_t index) {
    for (; !waiting.empty() && waiting.back().after == index; waiting.pop_back())
      complete(waiting.back().leaf, options);
  };
  for (std::size_t i = 0; i < first_leaf_; ++i) {
    fetch(i + 4);
    if (!runs(i)) continue;
    Node& node = *nodes_[i];
    Tensor g = keep[i] ? Tensor(gradients_[i].value()) : gradients_[i].take();
    if (g.defined()) {
      const detail::RuleScope running(node.name_);
      if (options.create_graph && g.node() == nullptr) {
        g = detail::off_tape(g);
        g.body().cotangent = true;
      }
      detail::named_in_errors(node.name_, [&] {
        node.run(std::move(g), Send(gradients_.data(), node, aimed_.data() + first_edge_[i]));
      });
    }
    if (!options.retain_graph) {
      node.drop_rule();
      node.use_.store(Node::swept, std::memory_order_release);
    }
    if (!waiting.empty()) [[unlikely]] {
      complete_after(i);
      if (options.listener != nullptr) options.listener->rule_done();
    }
  }
  complete_after(first_leaf_);              // what is an output itself
  if (!options.retain_graph) claimed_ = 0;  // all used up
  List<Tensor> results(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted_at[i] == nowhere) continue;
    detail::GradientSum& sum = gradients_[static_cast<std::size_t>(wanted_at[i])];
    results[i] = result(options.rows ? sum.value() : sum.dense_value());
  }
  return results;
}

}  // namespace xtape
