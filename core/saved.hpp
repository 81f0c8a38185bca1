#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/tensor.hpp>

/// What an operation keeps for its rule: each kind with the only getter that is right for it.

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {

class Storage;

/// A value kept for backward. It never changes, whatever is assigned to the tensor later.
class SavedValue {
 public:
  /// Bytes kept by the saved values in `holder`, found by copying it.
  template <class T>
  static std::size_t bytes_in(const T& holder) {
    if constexpr (std::is_copy_constructible_v<T>) {
      const std::size_t before = start_count();
      static_cast<void>(T(holder));
      return end_count(before);
    }
    return 0;
  }
  /// The saved values in `holder`, in the order in which a copy takes them.
  template <class T>
  static std::vector<SavedValue*> all_in(T& holder) {
    const Collector collector;
    static_cast<void>(T(holder));
    return collector.all();
  }

  const Tensor& tensor() const { return value_; }
  /// Another value of the same kind takes its place.
  void replace(Tensor value) { value_ = std::move(value); }

 protected:
  SavedValue() = default;
  explicit SavedValue(Tensor value) : value_(std::move(value)) {}
  SavedValue(const SavedValue& other);
  SavedValue(SavedValue&&) noexcept = default;
  SavedValue& operator=(SavedValue&&) noexcept = default;
  ~SavedValue() = default;

  Tensor value_;

 private:
  static std::size_t start_count();
  static std::size_t end_count(std::size_t before);
  /// Finds what is copied on this thread while it lives.
  struct Collector {
    Collector();
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;
    std::vector<SavedValue*> all() const;
    std::vector<SavedValue*> found;
    std::vector<SavedValue*>* outer;
  };
};

}  // namespace detail

/// An operation's input, kept for its rule with its place on the tape, so that a recorded backward
/// pass is differentiated through it.
class SavedInput : detail::SavedValue {
 public:
  SavedInput() = default;
  explicit SavedInput(const Tensor& input);
  /// For an input's value that only the gradient of another input reads: nothing is kept unless
  /// `needed`.
  SavedInput(const Tensor& input, bool needed)
      : SavedInput(needed ? SavedInput(input) : SavedInput()) {}

  const Tensor& get() const { return value_; }
};

/// An operation's own result, kept for its rule without its place on the tape: its node owns this
/// value, not the other way round.
class SavedOutput {
 public:
  SavedOutput() = default;
  explicit SavedOutput(const Tensor& y);
  SavedOutput(const SavedOutput& other);
  SavedOutput(SavedOutput&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  SavedOutput& operator=(SavedOutput other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~SavedOutput();

  bool holds() const { return held_ != nullptr; }
  /// In a recorded pass with its place on the tape.
  Tensor get(const Send& send) const { return at(send.node_); }
  Tensor get(const Tangents& tangents) const { return at(tangents.node_); }

 private:
  detail::Storage* storage() const;
  detail::Body* body() const;
  Tensor at(Node& node) const;

  // Of a dense result the memory, since the node has its shape and dtype; of any other a tensor,
  // marked by an odd address. So a node of an elementwise operation takes two cache lines.
  std::byte* held_ = nullptr;
};

/// A tensor that an operation made for itself, and nobody else assigns to.
class SavedConstant : detail::SavedValue {
 public:
  SavedConstant() = default;
  explicit SavedConstant(Tensor value) : SavedValue(std::move(value)) {}

  const Tensor& get() const { return value_; }
};

}  // namespace xtape

XTAPE_EXPORT_END
