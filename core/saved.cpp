#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/saved.hpp>

namespace xtape {
namespace {

bool is_tensor(const std::byte* held) { return reinterpret_cast<std::uintptr_t>(held) % 2 == 1; }

thread_local std::size_t counted_bytes = 0;
thread_local bool counting = false;
thread_local std::vector<detail::SavedValue*>* collecting = nullptr;

void count(std::size_t bytes) {
  if (counting) counted_bytes += bytes;
}

/// Whether a tensor is no more than its memory, in the shape and dtype of the node that made it.
bool is_memory(const detail::Body& body) {
  return !body.mapped && body.contiguous && body.storage && body.data == body.storage->data();
}

}  // namespace

std::size_t detail::SavedValue::start_count() {
  counting = true;
  return std::exchange(counted_bytes, 0);
}

std::size_t detail::SavedValue::end_count(std::size_t before) {
  counting = false;
  return std::exchange(counted_bytes, before);
}

detail::SavedValue::Collector::Collector() : outer(std::exchange(collecting, &found)) {}
detail::SavedValue::Collector::~Collector() { collecting = outer; }
std::vector<detail::SavedValue*> detail::SavedValue::Collector::all() const { return found; }

detail::SavedValue::SavedValue(const SavedValue& other) : value_(other.value_) {
  if (collecting != nullptr) collecting->push_back(const_cast<SavedValue*>(&other));
  if (value_.defined()) count(static_cast<std::size_t>(value_.size()) * size_of(value_.dtype()));
}

SavedInput::SavedInput(const Tensor& input)
    : SavedValue(input.is_leaf() && !input.body().fixed ? detail::snapshot(input, "") : input) {}

SavedOutput::SavedOutput(const Tensor& y) {
  if (is_memory(y.body())) {
    held_ = reinterpret_cast<std::byte*>(Ref<detail::Storage>(y.body().storage).detach());
  } else {
    const Tensor value = detail::off_tape(y);
    value.body().retain();
    held_ = reinterpret_cast<std::byte*>(&value.body()) + 1;
  }
}

SavedOutput::SavedOutput(const SavedOutput& other) : held_(other.held_) {
  if (detail::Storage* const memory = storage(); memory != nullptr) {
    memory->retain();
    count(memory->bytes());
  } else if (detail::Body* const value = body(); value != nullptr) {
    value->retain();
    count(static_cast<std::size_t>(value->size) * size_of(value->dtype));
  }
}

SavedOutput::~SavedOutput() {
  if (detail::Storage* const memory = storage(); memory != nullptr)
    memory->release();
  else if (detail::Body* const value = body(); value != nullptr)
    value->release();
}

detail::Storage* SavedOutput::storage() const {
  return is_tensor(held_) ? nullptr : reinterpret_cast<detail::Storage*>(held_);
}

detail::Body* SavedOutput::body() const {
  return is_tensor(held_) ? reinterpret_cast<detail::Body*>(held_ - 1) : nullptr;
}

Tensor SavedOutput::at(Node& node) const {
  Tensor y;
  if (detail::Storage* const memory = storage(); memory != nullptr) {
    const Shape shape = node.shape();
    if (static_cast<std::size_t>(shape.size()) * size_of(node.dtype()) > memory->bytes()) {
      throw GradError(std::string(node.name()) +
                      ": SavedOutput must be made of the operation's own result");
    }
    y = Tensor(Ref<detail::Body>::adopt(new detail::Body(
        shape, shape.size(), node.dtype(), memory->data(), Ref<detail::Storage>::share(memory))));
  } else {
    y = Tensor(Ref<detail::Body>::share(body()));
    if (!detail::levels.records(detail::level_of(y))) return y;
    y = detail::off_tape(y);
  }
  if (detail::levels.records(detail::level_of(y))) y.body().node = Ref<Node>::share(&node);
  return y;
}

}  // namespace xtape
