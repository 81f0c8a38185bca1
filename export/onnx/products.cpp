#include <limits>
#include <numeric>

#include <xtape/core/create.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::exporting {
namespace {

using std::string;

void matmul(OnnxStep& s) { s.give(s("MatMul", s.in(0), s.in(1))); }
void linear(OnnxStep& s) {
  const bool plain = s.rank(0) == 2 && s.rank(1) == 2 && s.rank(2) == 1;
  s.give(plain ? s("Gemm", s.in(0), s.in(1), s.in(2))
               : s("Add", s("MatMul", s.in(0), s.in(1)), s.in(2)));
}

/// softmax(q kᵀ scale + mask) v
void attention(OnnxStep& s) {
  std::vector<std::int64_t> swapped(static_cast<std::size_t>(s.rank(1)));
  std::iota(swapped.begin(), swapped.end(), 0);
  std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
  const string q = s("Mul", s.in(0), s.number(s.attributes().number("scale")));
  const string nothing = s.number(-std::numeric_limits<double>::infinity());
  string scores = s("MatMul", q, s.node("Transpose", {s.in(1)}, {{"perm", swapped}}));
  if (s.count() > 3 && !all_true(s.x(3).constant))
    scores = s.x(3).dtype == Dtype::boolean ? s("Where", s.in(3), scores, nothing)
                                            : s("Add", scores, s.in(3));
  if (s.attributes().flag("causal")) {
    const Tensor seen = tril(ones({s.extent(0, -2), s.extent(1, -2)}, Dtype::boolean));
    scores = s("Where", s.constant(seen), scores, nothing);
  }
  string weights = s.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  if (s.count() > 3 && !all_true(s.x(3).constant)) {  // 0 where all is masked, not NaN
    const string most =
        s.node("ReduceMax", {scores},
               {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{1}}});
    weights = s("Where", s("Equal", most, nothing), s.number(0), weights);
  }
  s.give(s("MatMul", weights, s.in(2)));
}

constexpr OnnxRule rules[] = {
    {"matmul", matmul},
    {"linear", linear},
    {"scaled_dot_product_attention", attention},
};

}  // namespace

std::span<const OnnxRule> onnx_products() { return rules; }

}  // namespace xtape::exporting
