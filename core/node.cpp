#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/tape.hpp>

namespace xtape {
namespace {

std::atomic<std::uint64_t> next_number{0};
thread_local bool recording_on = true;
thread_local std::size_t counted_bytes = 0;
thread_local bool counting = false;

}  // namespace

bool recording() { return recording_on; }
RecordingScope::RecordingScope(bool on) : before_(std::exchange(recording_on, on)) {}
RecordingScope::~RecordingScope() { recording_on = before_; }

Edges::Edges(std::size_t count) : count_(count) {
  if (count > few) {
    many_ = memory::Allocator<Ref<Node>>().allocate(count);
    std::uninitialized_default_construct_n(many_, count);
  }
}

void Edges::clear() noexcept {
  for (std::size_t i = 0; i < count_; ++i) (*this)[i] = nullptr;
  if (many_ != nullptr) memory::Allocator<Ref<Node>>().deallocate(many_, count_);
  many_ = nullptr;
  count_ = 0;
}

Node::Node(const char* name, const Shape& shape, Dtype dtype, std::size_t inputs,
           std::uint32_t bytes, bool leaf)
    : bytes_(bytes),
      number_(next_number.fetch_add(1, std::memory_order_relaxed)),
      name_(name),
      inputs_(inputs),
      shape_(shape),
      dtype_(dtype),
      leaf_(leaf) {
  memory::count_nodes(1);
}

Node::~Node() { memory::count_nodes(-1); }

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
    const std::size_t bytes = last->bytes_;
    last->~Node();
    memory::deallocate(last, bytes);
  }
  draining = false;
}

Tensor attach(Tensor y, std::span<const Tensor* const> inputs, Node* node) {
  Ref<Node> owner = Ref<Node>::adopt(node);
  bool handed_on =
      static_cast<bool>(y.body().node);  // an operation that gives back what it was given
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    node->inputs_[i] = inputs[i]->body().node;
    handed_on = handed_on || &inputs[i]->body() == &y.body();
  }
  if (handed_on) y = y.detach();
  y.body().node = std::move(owner);
  return y;
}

Saved::Saved(const Tensor& input) : value_(input.is_leaf() ? detail::snapshot(input) : input) {}

Saved::Saved(const Saved& other) : value_(other.value_) {
  if (counting && value_.defined())
    counted_bytes += static_cast<std::size_t>(value_.size()) * size_of(value_.dtype());
}

Saved Saved::output(const Tensor& y) {
  Saved saved;
  saved.value_ = y.detach();
  return saved;
}

std::size_t Saved::start_count() {
  counting = true;
  return std::exchange(counted_bytes, 0);
}

std::size_t Saved::end_count(std::size_t before) {
  counting = false;
  return std::exchange(counted_bytes, before);
}

}  // namespace xtape
