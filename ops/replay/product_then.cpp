#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/operation_copy.hpp>
#include <xtape/ops/multiply.hpp>
#include <xtape/ops/replay/product_then.hpp>
#include <xtape/ops/row.hpp>

namespace xtape::detail {

namespace {

using Kind = kernels::Epilogue::Kind;

/// relu(x w [+ b]), or the elements of x w where those of another tensor are positive: inputs x, w,
/// b if `biased`, the other.
struct ThenRelu {
  static constexpr OpInfo info{"product_then"};
  bool biased;
  Kind kind;
  Shape shape;

  OpResult infer(std::span<const Tensor* const> x) const { return {shape, x[0]->dtype()}; }
  void run(const Tensor& y, std::span<const Tensor* const> x) const {
    const std::byte* other = kind == Kind::relu ? nullptr : x.back()->body().data;
    multiply(y, *x[0], *x[1], biased ? x[2] : nullptr, {kind, other});
  }
};

/// What an elementwise operation does to its first operand, if an epilogue does it too.
Kind epilogue_of(const Instruction& step, Dtype dtype) {
  const kernels::RowKernels& relu = row(RowName::relu).kernels();
  const BlockFunction loop = step.copy->loop(dtype);
  if (loop == relu.value.of(dtype)) return Kind::relu;
  if (loop == relu.derivatives[0].of(dtype)) return Kind::where_positive;
  return Kind::none;
}

}  // namespace

std::optional<ProductThen> product_then(const Script& script, const Instruction& product,
                                        const Instruction& next) {
  const std::string_view name = product.name;
  const bool biased = name == "linear";
  if ((!biased && name != "matmul") || !product.takes.empty() || !product.gives.empty()) return {};
  const auto info = [&](std::int32_t slot) -> const SlotInfo& {
    return script.slots[static_cast<std::size_t>(slot)];
  };
  const SlotInfo &x = info(product.inputs[0]), &w = info(product.inputs[1]);
  if (x.shape.rank() < 2 || !is_floating(x.dtype) ||
      !kernels::has_epilogues(w.shape[w.shape.rank() - 1], w.shape[w.shape.rank() - 2]))
    return {};
  const Kind kind = epilogue_of(next, x.dtype);
  if (kind == Kind::none || next.inputs[0] != product.result) return {};
  std::vector<std::int32_t> inputs = product.inputs;
  inputs.insert(inputs.end(), next.inputs.begin() + 1, next.inputs.end());
  return ProductThen{copy_of<AsList>(ThenRelu{biased, kind, info(product.result).shape}),
                     std::move(inputs), kind != Kind::relu};
}

}  // namespace xtape::detail
