#pragma once
#include <span>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {
class Node;
}

namespace xtape::detail {

/// Hears of a `backward` while it goes on: who sends gradients to other processes begins with those
/// that are complete, and has them all before any leaf changes.
class GradientListener {
 public:
  template <class T>
  using List = std::vector<T, memory::Allocator<T>>;

  virtual ~GradientListener() = default;
  /// Whether it wants to know when the gradient of this leaf is complete.
  virtual bool wants(const Node& leaf) const = 0;
  /// Nothing more of this pass comes to the leaf: the gradient, dense, is what hooks have made of
  /// it.
  virtual void complete(const Node& leaf, const Tensor& gradient) = 0;
  /// A rule has run, and there are leaves to come: time to look after what goes on beside.
  virtual void rule_done() {}
  /// All rules have run. What the leaves then get is in its hands: it may give other gradients, of
  /// the same shapes and dtypes, and add leaves with theirs. If it throws, no leaf changes.
  virtual void finish(List<Node*>& leaves, List<Tensor>& gradients) = 0;

  /// The one that hears of the next `backward` on this thread, and of no other within; null without
  /// one.
  static GradientListener* take() noexcept;
};

/// While it lives, the next `backward` on this thread is heard.
class Listening {
 public:
  explicit Listening(GradientListener& listener) noexcept;
  ~Listening();
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  GradientListener* outer_;
};

/// Gives each leaf a gradient in the place of what it has; undefined, it has none. Throws, with
/// nothing changed, GradError for what is no leaf that collects, or for a gradient of another shape
/// or dtype.
void set_gradients(std::span<const Tensor> leaves, std::span<const Tensor> gradients);

}  // namespace xtape::detail

XTAPE_EXPORT_END
