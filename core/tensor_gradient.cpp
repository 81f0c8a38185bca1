#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/leaf.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/table_gradient.hpp>
#include <xtape/core/watch.hpp>

/// What a tensor tells of its gradient.
namespace xtape {

using detail::Leaf;

namespace {

/// What tells of a gradient of rows.
Tensor reading(Tensor copy) {
  copy.body().reading = true;
  return copy;
}

}  // namespace

Tensor Tensor::collected() const {
  if (node() == nullptr) return {};
  if (!is_leaf() && !node()->retains_grad()) {
    throw GradError(
        "grad: backward collects gradients of leaves, and of what retain_grad() asked "
        "for; got " +
        describe() + ", the result of " + node()->name());
  }
  return detail::named_in_errors("grad", [&] { return Leaf::grad(*node()); });
}

Tensor Tensor::grad() const {
  Tensor gradient = collected();
  if (detail::levels.watcher != nullptr) [[unlikely]]
    detail::Watcher::tell_all([&](detail::Watcher& to) { to.gives(*this, gradient); });
  if (!gradient.defined() || !detail::of_rows(gradient)) return gradient;
  return reading(detail::named_in_errors("grad", [&] { return detail::dense(gradient); }));
}

std::optional<RowsGradient> Tensor::sparse_grad() const {
  const Tensor gradient = collected();
  if (!gradient.defined() || !detail::of_rows(gradient)) return {};
  const detail::TableRows& part = detail::rows_of(gradient);
  return RowsGradient{reading(part.rows.detach()), reading(part.values.detach())};
}

Tensor Tensor::retain_grad() const {
  if (body().mapped) throw GradError("retain_grad: not within vmap; got " + describe());
  if (node() != nullptr) {
    Leaf::retain(*node());
  } else if (recording()) {
    throw GradError(
        "retain_grad: the tensor must depend on one with set_requires_grad(true); got "
        "the constant " +
        describe());
  }
  return *this;
}

Tensor Tensor::set_name(std::string name) const {
  if (node() == nullptr || !is_leaf()) {
    throw GradError("set_name: the tensor must be a leaf with set_requires_grad(true); got " +
                    describe());
  }
  Leaf::set_label(*node(), [name = std::move(name)] { return name; });
  return *this;
}

void Tensor::zero_grad() const {
  if (node() == nullptr) return;
  const detail::Act act("zero_grad", [this] { return [leaf = *this] { leaf.zero_grad(); }; });
  Leaf::set_grad(*node(), Tensor());
}

}  // namespace xtape
