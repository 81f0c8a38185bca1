#include <array>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/replace.hpp>
#include <xtape/ops/replaced.hpp>

namespace xtape {
namespace {

struct Replaced {
  OpInfo info;
  detail::Replacement by;
  SavedInput input{};
  void attributes(auto& visit) const {
    visit("nan", by.nan);
    visit("posinf", by.above);
    visit("neginf", by.below);
  }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const auto number = [&](double value) { return full({}, value, x.dtype()); };
    const Tensor nan = number(by.nan), above = number(by.above), below = number(by.below);
    kernels::map(kernels::chosen<kernels::ReplaceKernels>().replaced, y.dtype(), y,
                 std::array{&x, &nan, &above, &below});
  }
  void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
  void vjp(const Tensor& g, const Send& send) const { send(0, passed(g)); }
  Tensor jvp(const Tangents& t) const { return passed(t[0]); }
  Tensor batch(const Examples& x) const { return apply(Replaced{info, by}, x[0]); }

 private:
  Tensor passed(const Tensor& g) const {
    const Tensor x = input.get().detach();
    return where(by.infinities ? isfinite(x) : x == x, g, 0);
  }
};

/// Whether elements are of a kind.
struct OfKind {
  const OpInfo& info;
  kernels::MapKernel kernels::ReplaceKernels::*kernel;

  OpResult infer(const Tensor& x) const { return {x.shape(), Dtype::boolean}; }
  void run(const Tensor& y, const Tensor& x) const {
    kernels::map(kernels::chosen<kernels::ReplaceKernels>().*kernel, x.dtype(), y, std::array{&x});
  }
  Tensor batch(const Examples& x) const { return apply(OfKind{info, kernel}, x[0]); }
};

}  // namespace

Tensor detail::finite(const Tensor& x) {
  static constexpr OpInfo info{"isfinite"};
  return apply(OfKind{info, &kernels::ReplaceKernels::finite}, x);
}
Tensor detail::infinite(const Tensor& x) {
  static constexpr OpInfo info{"isinf"};
  return apply(OfKind{info, &kernels::ReplaceKernels::infinite}, x);
}

Tensor detail::replaced(const char* op, const Tensor& x, const Replacement& by) {
  return apply(Replaced{{op}, by}, x);
}

}  // namespace xtape
