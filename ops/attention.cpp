#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/together.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/attention.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/dropout_stream.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/attention.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

constexpr const char* name = "scaled_dot_product_attention";

/// What is computed, beside the tensors.
struct Rule {
  double scale;
  bool causal, masked;
  double dropout = 0;
  SavedConstant stream{};
};

/// In public operations: what is differentiated more than once or forwards.
Tensor composed(const Rule& of, const Tensor& q, const Tensor& k, const Tensor& v,
                const Tensor& mask) {
  constexpr double minus_infinity = -std::numeric_limits<double>::infinity();
  Tensor scores = matmul(q * of.scale, swapaxes(k, -2, -1));
  if (of.masked)
    scores = mask.dtype() == Dtype::boolean ? where(mask, scores, minus_infinity) : scores + mask;
  if (of.causal) {
    const Tensor seen = tril(ones({q.extent(-2), k.extent(-2)}, Dtype::boolean));
    scores = where(seen, scores, minus_infinity);
  }
  const Tensor weights = softmax(scores);
  return matmul(of.dropout > 0 ? detail::dropout(weights, of.dropout, of.stream.get()) : weights,
                v);
}

Shape leading(const Shape& shape) {
  return Shape(std::span(shape.begin(), static_cast<std::size_t>(shape.rank() - 2)));
}
Shape with_matrix(Shape shape, std::int64_t rows, std::int64_t columns) {
  shape.push_back(rows);
  shape.push_back(columns);
  return shape;
}

/// Matrices with dense rows, for each place of the broadcast leading axes.
class Matrices {
 public:
  Matrices(const Tensor& x, const Shape& batch, bool mask = false)
      : x_(x), batch_(batch), element_(static_cast<std::int64_t>(size_of(x.dtype()))) {
    const detail::Body& given = x.body();
    if (!mask && x.extent(-1) > 1 && given.strides[axis(-1)] != 1) x_ = x.contiguous();
  }
  std::int64_t row() const { return stride(-2); }
  std::int64_t column() const { return stride(-1); }
  const std::byte* at(std::int64_t index) const {
    std::int64_t offset = 0;
    for (int i = batch_.rank() - 1; i >= 0; --i) {
      const int own = i - batch_.rank() - 2;  // from the end
      if (own >= -x_.rank() && x_.extent(own) != 1) offset += index % batch_[i] * stride(own);
      index /= batch_[i];
    }
    return x_.body().data + offset * element_;
  }
  kernels::Rows rows(std::int64_t index) const { return {at(index), row()}; }

 private:
  std::size_t axis(int from_end) const {
    return static_cast<std::size_t>(x_.rank()) - static_cast<std::size_t>(-from_end);
  }
  /// 0 along an axis that broadcasts.
  std::int64_t stride(int from_end) const {
    return x_.rank() + from_end < 0 || x_.extent(from_end) == 1 ? 0
                                                                : x_.body().strides[axis(from_end)];
  }
  Tensor x_;
  Shape batch_;
  std::int64_t element_;
};

/// By blocks of queries; a mask that is none is a boolean.
struct Attention {
  static constexpr OpInfo info{name};
  Rule of;
  SavedInput q{}, k{}, v{}, mask{};
  SavedOutput output{};
  mutable SavedConstant logs{};

  void attributes(auto& visit) const {
    visit("scale", of.scale);
    visit("causal", of.causal);
  }

  OpResult infer(const Tensor& queries, const Tensor& keys, const Tensor& values,
                 const Tensor& masked) const;
  double flops(const Tensor& y, std::span<const Tensor* const> x) const {
    const std::int64_t queries = y.size() / std::max<std::int64_t>(y.extent(-1), 1);
    const std::int64_t keys = x[1]->extent(-2), width = x[0]->extent(-1) + x[2]->extent(-1);
    return 2 * static_cast<double>(queries) * static_cast<double>(keys * width);
  }
  void run(const Tensor& y, const Tensor& queries, const Tensor& keys, const Tensor& values,
           const Tensor& masked) const;
  void keep(const Tensor& y, const Tensor& queries, const Tensor& keys, const Tensor& values,
            const Tensor& masked) {
    q = SavedInput(queries);
    k = SavedInput(keys);
    v = SavedInput(values);
    mask = SavedInput(masked);
    output = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const bool derived = detail::watched(q.get()) || detail::watched(k.get()) ||
                         detail::watched(v.get()) || detail::watched(mask.get());
    if (detail::plain(g) && !derived && !send.wanted(3)) return fused(g, send);
    const std::vector<Tensor> dx = xtape::vjp(formula(), saved()).second(g);
    for (std::size_t i = 0; i < dx.size(); ++i) send(i, dx[i]);
  }
  Tensor jvp(const Tangents& t) const {
    std::vector<Tensor> dx;
    const std::vector<Tensor> x = saved();
    for (std::size_t i = 0; i < x.size(); ++i)
      dx.push_back(t[i].defined() ? t[i] : zeros_like(x[i]));
    return xtape::jvp(formula(), x, dx).second;
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(Attention{of}, all[0], all[1], all[2], all[3]);
  }

 private:
  /// Those that may have a gradient.
  std::vector<Tensor> saved() const {
    std::vector<Tensor> x{q.get(), k.get(), v.get()};
    if (is_floating(mask.get().dtype())) x.push_back(mask.get());
    return x;
  }
  detail::ListFunction formula() const {
    return [rule = of, fixed = mask.get()](const std::vector<Tensor>& x) {
      return composed(rule, x[0], x[1], x[2], x.size() > 3 ? x[3] : fixed);
    };
  }
  void fused(const Tensor& g, const Send& send) const;
};

OpResult Attention::infer(const Tensor& queries, const Tensor& keys, const Tensor& values,
                          const Tensor& masked) const {
  Shape batch = broadcast_shapes(name, leading(queries.shape()), leading(keys.shape()));
  batch = broadcast_shapes(name, batch, leading(values.shape()));
  const std::int64_t rows = queries.extent(-2), columns = keys.extent(-2);
  const auto fits = [&](int axis, std::int64_t extent) {
    return masked.rank() + axis < 0 || masked.extent(axis) == extent || masked.extent(axis) == 1;
  };
  if (!fits(-2, rows) || !fits(-1, columns)) {
    throw ShapeError(std::string(name) + ": the mask must broadcast to the scores " +
                     to_string(with_matrix(batch, rows, columns)) + "; got " + masked.describe());
  }
  if (masked.rank() > 2) batch = broadcast_shapes(name, batch, leading(masked.shape()));
  return {with_matrix(batch, rows, values.extent(-1)), queries.dtype()};
}

/// The operands of each place, as the kernels read them.
struct Operands {
  Operands(const Rule& of, const Shape& batch, const Tensor& queries, const Tensor& keys,
           const Tensor& values, const Tensor& masked)
      : q(queries, batch),
        k(keys, batch),
        v(values, batch),
        mask(masked, batch, true),
        has_mask(of.masked),
        adds(masked.dtype() != Dtype::boolean),
        shape{queries.dtype(),   queries.extent(-2), keys.extent(-2), queries.extent(-1),
              values.extent(-1), of.scale,           of.causal} {}
  kernels::AttentionInputs at(std::int64_t index) const {
    return {q.rows(index),
            k.rows(index),
            v.rows(index),
            {has_mask ? mask.at(index) : nullptr, adds, mask.row(), mask.column()}};
  }
  Matrices q, k, v, mask;
  bool has_mask, adds;
  kernels::Attention shape;
};

/// Bytes of a dense matrix, for each place one behind the other.
struct Steps {
  Steps(const kernels::Attention& of)
      : element(static_cast<std::int64_t>(size_of(of.dtype))),
        logs(of.queries * element),
        y(of.value_width * logs),
        q(of.width * logs),
        k(of.width * of.keys * element),
        v(of.value_width * of.keys * element) {}
  std::int64_t element, logs, y, q, k, v;
};

/// Calls f(first, last) for ranges of heads, which threads share; of fewer heads they share the
/// products.
template <class F>
void each_head(const kernels::Attention& of, std::int64_t heads, const F& f) {
  if (heads < threads()) return f(0, heads);
  const double products =
      static_cast<double>(of.queries * of.keys) * static_cast<double>(of.width + of.value_width);
  detail::parallel_for(heads, 1, detail::time_of_products(static_cast<double>(heads) * products),
                       f);
}

void Attention::run(const Tensor& y, const Tensor& queries, const Tensor& keys,
                    const Tensor& values, const Tensor& masked) const {
  const NoGradGuard off;
  const Shape batch = leading(y.shape());
  const Operands x(of, batch, queries, keys, values, masked);
  Shape of_logs = batch;
  of_logs.push_back(queries.extent(-2));
  const Tensor sums = detail::make_tensor(of_logs, y.dtype(), name);
  const Steps step(x.shape);
  each_head(x.shape, batch.size(), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      kernels::attention(x.shape, x.at(i), y.body().data + i * step.y,
                         sums.body().data + i * step.logs);
    }
  });
  logs = SavedConstant(sums);
}

/// The derivatives of Attention by q, k and v, of g, y, q, k, v and the mask.
struct AttentionGradient {
  static constexpr OpInfo info{name};
  Rule of;
  SavedConstant logs;

  detail::Results run(std::span<const Tensor* const> given) const {
    const Tensor &g = *given[0], &y = *given[1];
    const Shape batch = leading(y.shape());
    const Operands x(of, batch, *given[2], *given[3], *given[4], *given[5]);
    const Matrices slopes(g, batch);
    const kernels::Attention& shape = x.shape;
    const auto make = [&](std::int64_t rows, std::int64_t columns) {
      return detail::make_tensor(with_matrix(batch, rows, columns), y.dtype(), name);
    };
    detail::Results dx{make(shape.queries, shape.width), make(shape.keys, shape.width),
                       make(shape.keys, shape.value_width)};
    const auto data = [&](std::size_t i) { return dx[i].body().data; };
    const Steps step(shape);
    each_head(shape, batch.size(), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        kernels::attention_gradient(
            shape, x.at(i),
            {y.body().data + i * step.y, logs.get().body().data + i * step.logs, slopes.rows(i),
             data(0) + i * step.q, data(1) + i * step.k, data(2) + i * step.v});
      }
    });
    return dx;
  }
};

void Attention::fused(const Tensor& g, const Send& send) const {
  const Tensor y = output.get(send);
  const std::array<const Tensor*, 6> given{&g, &y, &q.get(), &k.get(), &v.get(), &mask.get()};
  const detail::Results dx = apply_together(AttentionGradient{of, logs}, given);
  for (std::size_t i = 0; i < 3; ++i) send(i, [&] { return sum_to(dx[i], send.shape(i)); });
}

void check(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) {
  detail::require_defined(name, "q", q);
  detail::require_defined(name, "k", k);
  detail::require_defined(name, "v", v);
  if (!is_floating(q.dtype()) || q.dtype() != k.dtype() || q.dtype() != v.dtype()) {
    throw DtypeError(std::string(name) + ": q, k and v must share one floating dtype; got " +
                     q.describe() + ", " + k.describe() + " and " + v.describe());
  }
  if (q.rank() < 2 || k.rank() < 2 || v.rank() < 2 || q.extent(-1) != k.extent(-1) ||
      k.extent(-2) != v.extent(-2)) {
    throw ShapeError(std::string(name) +
                     ": [..., queries, width], [..., keys, width] and [..., keys, values] are "
                     "needed; got " +
                     q.describe() + ", " + k.describe() + " and " + v.describe());
  }
  if (mask.defined() && mask.dtype() != Dtype::boolean && mask.dtype() != q.dtype()) {
    throw DtypeError(std::string(name) + ": the mask must be boolean or " +
                     std::string(to_string(q.dtype())) + "; got " + mask.describe());
  }
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options) {
  check(q, k, v, options.mask);
  detail::require_in(name, "dropout", options.dropout, 0.0, 1.0);
  if (options.scale) {
    detail::require_finite(name, "scale", *options.scale);
    Number(*options.scale).check(name, q.dtype());
  }
  const double width = static_cast<double>(q.extent(-1));
  const Rule of{
      options.scale.value_or(width > 0 ? 1 / std::sqrt(width) : 1), options.causal,
      options.mask.defined(), options.dropout,
      SavedConstant(options.dropout == 0 || options.dropout_stream.defined()
                        ? options.dropout_stream
                        : detail::dropout_stream(options.dropout_key, options.dropout_call))};
  const Tensor mask = of.masked ? options.mask : ones({1, 1}, Dtype::boolean);
  const Attention whole{of};
  if (of.dropout == 0) return apply(whole, q, k, v, mask);
  static_cast<void>(whole.infer(q, k, v, mask));
  return composed(of, q, k, v, mask);
}

}  // namespace xtape
