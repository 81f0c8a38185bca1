#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

using RowKernel = void (*)(Dtype, std::int64_t, std::int64_t, const std::byte*, std::byte*);
using GradientKernel = void (*)(Dtype, std::int64_t, std::int64_t, const std::byte*,
                                const std::byte*, std::byte*);

/// Along the last axis of a floating tensor; `composed(g, y)` is the derivative in public
/// operations.
template <class Composed>
Tensor along_rows(const char* op, const Tensor& tensor, RowKernel kernel, GradientKernel gradient,
                  Composed composed) {
  const Tensor x = tensor.contiguous();
  const std::int64_t columns = x.extent(-1);
  const std::int64_t rows = columns == 0 ? 0 : x.size() / columns;
  Tensor y = detail::make_tensor(x.shape(), x.dtype(), op);
  kernel(x.dtype(), rows, columns, x.body().data, y.body().data);
  if (!recording(x)) return y;
  return record(op, y, {x}, [=, saved = SavedOutput(y)](const Tensor& g, const Send& send) {
    if (recording()) return send(0, composed(g, saved.get(send)));
    const Tensor given = g.contiguous();
    const Tensor dx = detail::make_tensor(g.shape(), g.dtype());
    gradient(g.dtype(), rows, columns, saved.get(send).body().data, given.body().data,
             dx.body().data);
    send(0, dx);
  });
}

/// `rows_function` along any axis, by bringing that axis to the end.
template <class F>
Tensor along_axis(const char* op, const Tensor& x, std::int64_t axis, F&& rows_function) {
  if (x.rank() == 0)
    throw ShapeError(std::string(op) + ": at least one axis is needed; got " + x.describe());
  const Tensor floating = is_floating(x.dtype()) ? x : x.to(Dtype::float64);
  if (normalize_axis(op, axis, x.rank()) == x.rank() - 1) return rows_function(floating);
  return swapaxes(rows_function(swapaxes(floating, axis, -1)), axis, -1);
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t axis) {
  return along_axis("softmax", x, axis, [](const Tensor& rows) {
    return along_rows("softmax", rows, kernels::softmax_kernels().softmax_rows,
                      kernels::softmax_kernels().softmax_gradient_rows,
                      [](const Tensor& g, const Tensor& y) {
                        return y * (g - sum(g * y, -1, {.keep_dims = true}));
                      });
  });
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  return along_axis("log_softmax", x, axis, [](const Tensor& rows) {
    return along_rows("log_softmax", rows, kernels::softmax_kernels().log_softmax_rows,
                      kernels::softmax_kernels().log_softmax_gradient_rows,
                      [](const Tensor& g, const Tensor& y) {
                        return g - exp(y) * sum(g, -1, {.keep_dims = true});
                      });
  });
}

}  // namespace xtape
