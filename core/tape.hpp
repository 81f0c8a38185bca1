#pragma once
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/accumulate.hpp>
#include <xtape/core/node.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {
class GradientListener;
}

/// What some outputs were computed from: the nodes they reach, newest first. A plain list: an
/// operation comes before the operations that made its inputs, and after all that use its result.
class Tape {
 public:
  explicit Tape(const Tensor& output);
  /// Only of nodes numbered `since` and later: those that may depend on one with that number.
  /// Leaves may be taken in whatever their number.
  explicit Tape(std::span<const Tensor> outputs, std::uint64_t since = 0, bool all_leaves = false);
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape();

  std::size_t size() const { return nodes_.size(); }
  const Node& operator[](std::size_t i) const { return *nodes_[i]; }
  bool contains(const Node* node) const { return find(node) != nowhere; }
  /// Bytes that all its nodes keep for backward.
  std::size_t saved_bytes() const;

  /// A drawing in the DOT language: `dot -Tsvg`.
  std::string to_dot() const;

  template <class T>
  using List = std::vector<T, memory::Allocator<T>>;

  struct SweepOptions {
    bool retain_graph = false;
    bool create_graph = false;
    bool partial =
        false;  ///< the wanted are independent: no derivative goes through one to another
    bool call_hooks = false;  ///< of leaves, as soon as the last rule has sent to one
    bool rows = false;  ///< of a table of which few rows are used, for who asks `of_rows` first
    detail::GradientListener* listener = nullptr;  ///< as hooks, and behind them
  };

  /// dL/dx for each of `wanted`, given dL/d(output) for each output; undefined where nothing flows.
  /// Runs the rules once, newest first, and frees each gradient and, unless retain_graph is set,
  /// each saved value after its last use.
  /// Throws GradError if the saved values are gone, or another thread is sweeping the same nodes.
  List<Tensor> sweep(std::span<const Tensor> outputs, std::span<const Tensor> seeds,
                     std::span<Node* const> wanted, SweepOptions options);

  /// The tangent of the result of `to`, given the tangents of the results of `from`; undefined if
  /// it is 0. Runs the forward rules once, oldest first. Throws GradError if the saved values are
  /// gone.
  Tensor push(std::span<Node* const> from, std::span<const Tensor> tangents, const Node* to);

  /// The leaves among the nodes.
  List<Node*> leaves() const;
  /// These, and the results that retain their gradients: what backward collects gradients of.
  List<Node*> collectors() const;
  /// A node that was left out, older than `since`, and whose input it is; null for an output.
  struct Older {
    Node* node;
    const Node* consumer;
  };
  const List<Older>& older() const { return older_; }

 private:
  struct SweepEnd;
  static constexpr std::int32_t nowhere = -1;

  std::int32_t find(const Node* node) const;
  void link(std::span<const Tensor> outputs);
  List<bool> aim(std::span<const std::int32_t> wanted, bool partial);
  void claim(bool shared);
  void prune(const List<bool>& wanted, bool partial);
  struct Completion;
  List<Completion> completions(const List<bool>& wanted, const SweepOptions& options) const;
  void complete(std::size_t leaf, const SweepOptions& options);
  bool runs(std::size_t index) const;
  void fetch(std::size_t index) const;

  List<Ref<Node>> roots_;  // the outputs' nodes: they keep the others alive
  List<Node*> nodes_;      // operations, then leaves; each newest first
  std::size_t first_leaf_ = 0;
  std::uint64_t since_;
  bool all_leaves_;
  List<Older> older_;
  List<Node*> retaining_;
  // For each input of each node: where in nodes_ its gradient goes, or nowhere.
  List<std::int32_t> targets_;
  List<std::uint32_t> first_edge_;  // of each node, into targets_
  // In a sweep: the targets that lead to what is wanted, all or the pruned ones; dL/d(result) of
  // each node, being summed.
  std::span<const std::int32_t> aimed_;
  List<std::int32_t> pruned_;
  List<detail::GradientSum> gradients_;
  std::size_t claimed_ = 0;  // so many nodes, the newest, are claimed by the sweep
};

/// A table: operation with attributes, or leaf with name; operands; result; its bytes; bytes that
/// are kept for backward. The columns of Trace, as far as the tape knows them.
std::ostream& operator<<(std::ostream& stream, const Tape& tape);

}  // namespace xtape

XTAPE_EXPORT_END
