#include <array>

#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/kernels/blend.hpp>
#include <xtape/ops/numbers.hpp>

namespace xtape {
namespace {

/// (1 - t) a + t b of one shape and floating dtype, in one pass.
struct Lerp {
  static constexpr OpInfo info{"lerp"};
  SavedInput a{}, b{}, t{};

  OpResult infer(const Tensor& from, const Tensor&, const Tensor&) const {
    return {from.shape(), from.dtype()};
  }
  void run(const Tensor& y, const Tensor& from, const Tensor& to, const Tensor& part) const {
    kernels::map(kernels::chosen<kernels::BlendKernels>().mixed, y.dtype(), y,
                 std::array{&from, &to, &part});
  }
  void keep(const Tensor&, const Tensor& from, const Tensor& to, const Tensor& part) {
    a = SavedInput(from), b = SavedInput(to), t = SavedInput(part);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return times(g, 1 - t.get()); });
    send(1, [&] { return times(g, t.get()); });
    send(2, [&] { return times(g, b.get()) - times(g, a.get()); });
  }
  Tensor batch(const Examples& x) const { return apply(Lerp(), x.each(0), x.each(1), x.each(2)); }
};

}  // namespace

Tensor lerp(const Tensor& a, const Operand& b, const Operand& t) {
  detail::require_defined("lerp", "a", a);
  detail::require_defined("lerp", "b", b);
  detail::require_defined("lerp", "t", t);
  const auto alike = [&](const Operand& other) {
    return !other.is_number() && other.dense().dtype() == a.dtype() &&
           other.dense().shape() == a.shape();
  };
  if (is_floating(a.dtype()) && alike(b) && alike(t)) return apply(Lerp(), a, b.dense(), t.dense());
  return (1 - t) * a + t * b;
}

}  // namespace xtape
