#include <string_view>

#include <xtape/core/body.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/operation_copy.hpp>
#include <xtape/ops/product_operand.hpp>
#include <xtape/ops/replay/product_then.hpp>
#include <xtape/ops/row.hpp>

namespace xtape::detail {

namespace {

using Kind = kernels::Epilogue::Kind;

/// relu(x w [+ b]), or the elements of x w where those of another tensor are positive.
///   x [..., k]   w [k, n]   b [n]   other [..., n]   ->   [..., n]
struct ThenRelu {
  static constexpr OpInfo info{"product_then"};
  bool biased;
  Kind kind;

  OpResult infer(std::span<const Tensor* const> x) const {
    Shape shape = x[0]->shape();
    shape[shape.rank() - 1] = x[1]->extent(1);
    return {shape, x[0]->dtype()};
  }
  void run(const Tensor& y, std::span<const Tensor* const> x) const {
    Tensor made[4];
    const Tensor& left = as_matrices(as_rows(*x[0], made[0]), made[1]);
    const Tensor& right = as_matrices(*x[1], made[2]);
    const std::byte* bias = nullptr;
    if (biased) bias = (x[2]->is_contiguous() ? *x[2] : made[3] = x[2]->contiguous()).body().data;
    const std::byte* other = kind == Kind::relu ? nullptr : x.back()->body().data;
    kernels::gemm_then(y.dtype(), left.extent(0), right.extent(1), right.extent(0), matrix(left),
                       matrix(right), bias, y.body().data, {kind, other});
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
  const bool is_linear = w.shape.rank() == 2 && x.shape.rank() >= 2 && is_floating(x.dtype);
  if (!is_linear || !kernels::has_epilogues(w.shape[1], w.shape[0])) return {};
  const Kind kind = epilogue_of(next, x.dtype);
  if (kind == Kind::none || next.inputs[0] != product.result) return {};
  std::vector<std::int32_t> inputs = product.inputs;
  inputs.insert(inputs.end(), next.inputs.begin() + 1, next.inputs.end());
  return ProductThen{copy_of<AsList>(ThenRelu{biased, kind}), std::move(inputs)};
}

}  // namespace xtape::detail
