#include <cstddef>
#include <limits>
#include <memory>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/node_place.hpp>
#include <xtape/core/tape.hpp>

namespace xtape {
namespace {

/// Above the count, what tells one copy of the library in a process from another: where it lies.
std::atomic<std::uint64_t> next_number{
    (reinterpret_cast<std::uint64_t>(&next_number) >> 12 & 0xffff) << Node::count_bits};

}  // namespace

Edges::Edges(std::size_t count) : few_{}, count_(static_cast<std::uint32_t>(count)) {
  if (count <= few) return;
  if (count > std::numeric_limits<std::uint32_t>::max()) memory::throw_out_of_memory(PTRDIFF_MAX);
  many_ = memory::Allocator<Ref<Node>>().allocate(count);
  std::uninitialized_default_construct_n(many_, count);
}

void Edges::end_many() noexcept {
  std::destroy_n(many_, count_);
  memory::Allocator<Ref<Node>>().deallocate(many_, count_);
}

Node::Node(const char* name, const Shape& shape, Dtype dtype, std::size_t inputs, bool leaf)
    : number_(next_number.fetch_add(1, std::memory_order_relaxed)),
      name_(name),
      inputs_(inputs),
      dtype_(dtype),
      leaf_(leaf),
      shape_(shape) {}

Node::~Node() {
  if (notes_.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  if (retains_grad()) detail::Leaf::forget(*this);
  if (notes(has_place)) detail::NodePlaces::forget(*this);
}

bool Node::is_own() const noexcept {
  return (number_ ^ next_number.load(std::memory_order_relaxed)) >> count_bits == 0;
}

/// Ends a node and whatever nobody refers to after it. A work list instead of recursion: graphs are
/// a million deep.
void Node::destroy(Node* node) noexcept {
  thread_local Node* doomed = nullptr;  // linked through next_doomed_
  thread_local bool draining = false;
  node->next_doomed_ = std::exchange(doomed, node);
  if (draining) return;
  draining = true;
  while (doomed != nullptr) {
    Node* last = std::exchange(doomed, doomed->next_doomed_);
    delete last;
  }
  draining = false;
}

/// Claims the rule for a sweep that retains it, beside others that do.
bool Node::share() noexcept {
  std::int32_t use = use_.load(std::memory_order_acquire);
  while (use >= free_to_all) {
    if (use_.compare_exchange_weak(use, use + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void Node::unclaim(bool shared) noexcept {
  if (shared) {
    use_.fetch_sub(1, std::memory_order_release);
  } else {
    use_.store(free_to_all, std::memory_order_release);
  }
}

void detail::throw_named(const char* operation, const MemoryError& error) {
  if (error.names_operation) throw;
  throw MemoryError(
      running_rule() != nullptr ? std::string(running_rule()) + " (backward)" : operation,
      error.bytes);
}

}  // namespace xtape
