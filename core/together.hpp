#pragma once
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <xtape/core/operation.hpp>

namespace xtape {

namespace detail {

/// What the passes of several results give; its own memory is from the pool.
using Results = std::vector<Tensor, memory::Allocator<Tensor>>;

/// A pass of several results as an operation of the first, which keeps the others.
template <class Op>
struct Together {
  OpInfo info;
  Op op;
  std::shared_ptr<Results> first;  // what the first run made
  mutable std::vector<SavedConstant> others{};

  void attributes(auto& visit) const {
    if constexpr (requires { op.attributes(visit); }) op.attributes(visit);
  }
  Tensor run(std::span<const Tensor* const> x) const {
    Results all = op.run(x);
    others.resize(all.size() - 1);
    for (std::size_t i = 1; i < all.size(); ++i) others[i - 1] = SavedConstant(all[i]);
    if (first->empty()) *first = all;
    return all[0];
  }
};

}  // namespace detail

/// The door of a pass that gives several tensors, the first of them defined: `op.run(x)`. It has no
/// derivative: what a rule computes for all its inputs at once, for who does not differentiate it.
template <class Op>
detail::Results apply_together(const Op& op, std::span<const Tensor* const> x) {
  if (!detail::Watcher::present()) [[likely]]
    return detail::named_in_errors(op.info.name, [&] { return op.run(x); });
  const auto first = std::make_shared<detail::Results>();
  static_cast<void>(apply_list(detail::Together<Op>{op.info, op, first}, x));
  return std::exchange(*first, {detail::Results{Tensor()}});
}

}  // namespace xtape
