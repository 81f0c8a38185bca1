#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>

namespace xtape::linalg {
namespace {

struct Inverse {
  OpInfo info;
  bool lenient;
  SavedOutput inverted{};

  OpResult infer(const Tensor& a) const {
    check_square(info.name, a);
    return {a.shape(), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    const auto failure =
        kernels::inverse(a.dtype(), count_of(a), a.extent(-1), dense.body().data, y.body().data);
    if (!lenient) check(info.name, failure, a, "singular: nothing is left in row ");
  }
  void keep(const Tensor& y, const Tensor&) { inverted = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor y = transposed(inverted.get(send));
    send(0, [&] { return -matmul(y, matmul(g, y)); });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor y = inverted.get(t);
    return -matmul(y, matmul(t[0], y));
  }
  Tensor batch(const Examples& x) const { return apply(Inverse{info, lenient}, x[0]); }
};

}  // namespace

Tensor inverse_for(const char* op, const Tensor& a, bool lenient) {
  return apply(Inverse{{op}, lenient}, floating(op, a));
}

Tensor inverse(const Tensor& a) { return inverse_for("inverse", a); }

Tensor matrix_power(const Tensor& a, std::int64_t power) {
  const char* const op = "matrix_power";
  xtape::detail::require_defined(op, "the matrix", a);
  check_square(op, a);
  if (power == 0) return where(false, a, eye(a.extent(-1), a.dtype()));
  Tensor square = power > 0 ? a : inverse_for(op, a), result;
  auto rest = static_cast<std::uint64_t>(power);
  if (power < 0) rest = ~rest + 1;
  for (; rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) result = result.defined() ? matmul(result, square) : square;
    if (rest > 1) square = matmul(square, square);
  }
  return result;
}

}  // namespace xtape::linalg
