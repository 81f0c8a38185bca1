#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/core/watch.hpp>

/// Copies of operations, made only where somebody watches: see OperationCopy.

XTAPE_EXPORT_BEGIN

namespace xtape {

template <class Op, std::same_as<Tensor>... Inputs>
Tensor apply(Op op, const Inputs&... x);
template <class Op>
Tensor apply_list(Op op, std::span<const Tensor* const> x);
template <class Op>
void apply_in_place(const Op& op, std::span<const Tensor* const> x);

namespace detail {

template <class Op, class... Inputs>
Tensor compute(const Op& op, const Inputs&... x);

[[noreturn]] void throw_other_result(const char* op, const Tensor& y, const Shape& shape,
                                     Dtype dtype);

template <class Op, class... Inputs>
void fill(const Op& op, const Tensor& y, const Inputs&... x) {
  if constexpr (requires { op.infer(x...); }) {
    const auto result = op.infer(x...);
    if (result.shape != y.shape() || result.dtype != y.dtype()) [[unlikely]]
      throw_other_result(op.info.name, y, result.shape, result.dtype);
    op.run(y, x...);
  }
}

template <class Op, class... Inputs>
concept Filling = requires(const Op& op, const Inputs&... x) {
  op.infer(x...);
};

/// Doors: how an operation gets the list of its inputs.
template <std::size_t n>
struct OneByOne {
  template <class F>
  static decltype(auto) spread(F&& f, std::span<const Tensor* const> x) {
    return [&]<std::size_t... i>(std::index_sequence<i...>)->decltype(auto) { return f(*x[i]...); }
    (std::make_index_sequence<n>());
  }
  template <class Op>
  static Tensor apply(const Op& op, std::span<const Tensor* const> x) {
    return spread([&](const auto&... each) { return xtape::apply(Op(op), each...); }, x);
  }
  template <class Op>
  static constexpr bool fills = []<std::size_t... i>(std::index_sequence<i...>) {
    return Filling<Op, std::enable_if_t<(i < n), Tensor>...>;
  }
  (std::make_index_sequence<n>());
};

struct AsList {
  template <class F>
  static decltype(auto) spread(F&& f, std::span<const Tensor* const> x) {
    return f(x);
  }
  template <class Op>
  static Tensor apply(const Op& op, std::span<const Tensor* const> x) {
    return apply_list(Op(op), x);
  }
  template <class Op>
  static constexpr bool fills = Filling<Op, std::span<const Tensor* const>>;
};

struct InPlace {
  template <class Op>
  static Tensor apply(const Op& op, std::span<const Tensor* const> x) {
    apply_in_place(op, x);
    return *x[0];
  }
};

template <class Op, class Door>
class CopyOf final : public OperationCopy {
 public:
  explicit CopyOf(const Op& op) : op_(op) {}

  Tensor apply(std::span<const Tensor* const> x) const override { return Door::apply(op_, x); }
  Tensor compute(std::span<const Tensor* const> x) override {
    if constexpr (requires { Door::template fills<Op>; }) {
      return Door::spread([&](const auto&... each) { return detail::compute(op_, each...); }, x);
    } else {
      op_.run(x);
      return {};
    }
  }
  bool fills() const override {
    if constexpr (requires { Door::template fills<Op>; }) return Door::template fills<Op>;
    return false;
  }
  void compute_into(const Tensor& y, std::span<const Tensor* const> x) override {
    if constexpr (requires { Door::template fills<Op>; })
      Door::spread([&](const auto&... each) { fill(op_, y, each...); }, x);
  }
  BlockFunction loop(Dtype compute) const override {
    if constexpr (requires { op_.loop(compute); }) return op_.loop(compute);
    return nullptr;
  }
  std::vector<SavedValue*> held() override { return SavedValue::all_in(op_); }

 private:
  Op op_;
};

template <class Door, class Op>
std::shared_ptr<OperationCopy> copy_of(const Op& op) {
  return std::shared_ptr<OperationCopy>(static_cast<OperationCopy*>(new CopyOf<Op, Door>(op)));
}

/// The values of what an operation holds.
template <class Op>
std::vector<Tensor> held_by(const Op& op) {
  std::vector<Tensor> values;
  for (const SavedValue* held : SavedValue::all_in(op)) values.push_back(held->tensor());
  return values;
}

}  // namespace detail
}  // namespace xtape

XTAPE_EXPORT_END
