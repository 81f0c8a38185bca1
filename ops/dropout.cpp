#include <algorithm>
#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/dropout_stream.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/mask.hpp>

namespace xtape {
namespace {

constexpr double resolution = 0x1p16;  // each element has 16 random bits

/// A mask of one bit an element is made by the first run, and read by those of the rule: that takes a third
/// of the time that drawing it again would take.
struct Dropout {
  static constexpr OpInfo info{"dropout", true};
  double rate;
  SavedConstant stream;          // key and call
  mutable SavedConstant mask{};  // within vmap nothing runs, and it is drawn again
  SavedInput like{};             // within vmap: the masks of the examples differ

  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("rate", rate);
  }

  OpResult infer(const Tensor& x) const {
    detail::require_in(info.name, "rate", rate, 0.0, 1.0);
    if (!is_floating(x.dtype()))
      throw DtypeError("dropout: the input must be floating; got " + x.describe());
    return {x.shape(), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    const auto& kernels = kernels::chosen<kernels::MaskKernels>();
    if (x.dtype() == Dtype::float32)
      fill<float>(y, dense, kernels.dropout_float32, kernels.mask_float32);
    else
      fill<double>(y, dense, kernels.dropout_float64, kernels.mask_float64);
  }
  void keep(const Tensor&, const Tensor& x) { like = SavedInput(x, detail::level_of(x) > 0); }
  void vjp(const Tensor& g, const Send& send) const { send(0, masked(g)); }
  Tensor jvp(const Tangents& t) const { return masked(t[0]); }
  Tensor batch(const Examples& x) const { return apply(Dropout{rate, stream}, x[0]); }

 private:
  template <class T>
  void fill(const Tensor& y, const Tensor& x, auto* draw, auto* apply) const {
    const double threshold =
        rate < 1 ? std::min(std::round(rate * resolution), resolution - 1) : resolution;
    const auto scale = static_cast<T>(resolution / (resolution - threshold));
    const T* from = x.body().elements<const T>();
    T* to = y.body().elements<T>();
    if (mask.get().defined()) return apply(from, to, y.size(), scale, words_of(mask.get()));
    mask = SavedConstant(detail::make_tensor({bytes_of_mask(y.size())}, Dtype::boolean, info.name));
    const auto* place = stream.get().body().elements<const std::int64_t>();
    draw(from, to, y.size(), static_cast<std::int32_t>(threshold), scale,
         static_cast<std::uint64_t>(place[0]), static_cast<std::uint64_t>(place[1]),
         words_of(mask.get()));
  }
  static std::int64_t bytes_of_mask(std::int64_t elements) {
    const std::int64_t blocks =
        (elements + kernels::elements_of_block - 1) / kernels::elements_of_block;
    return blocks * kernels::words_of_block * static_cast<std::int64_t>(sizeof(std::uint16_t));
  }
  static std::uint16_t* words_of(const Tensor& mask) {
    return reinterpret_cast<std::uint16_t*>(mask.body().data);
  }

  Tensor masked(const Tensor& x) const {
    const Tensor& of = like.get();
    const auto spread = [&](const Tensor& t) {
      return of.defined() ? detail::mapped_like(t, of) : t;
    };
    const int level = of.defined() ? detail::level_of(of) : 0;
    if (detail::level_of(x) <= level) return apply(Dropout{rate, stream, mask}, spread(x));
    // Many cotangents of one operation: they have its mask in common.
    const Tensor factor = apply(Dropout{rate, stream, mask}, spread(ones(x.shape(), x.dtype())));
    return where(factor == 0, 0, x * factor);
  }
};

}  // namespace

Tensor dropout(const Tensor& x, double rate, std::uint64_t key, std::uint64_t call) {
  return detail::dropout(x, rate, detail::dropout_stream(key, call));
}

Tensor detail::dropout(const Tensor& x, double rate, const Tensor& stream) {
  return apply(Dropout{rate, SavedConstant(stream)}, x);
}

Tensor detail::dropout_stream(std::uint64_t key, std::uint64_t call) {
  Tensor stream = make_tensor({2}, Dtype::int64, "dropout");
  auto* place = stream.body().elements<std::int64_t>();
  place[0] = static_cast<std::int64_t>(key);
  place[1] = static_cast<std::int64_t>(call);
  return stream;
}

Tensor detail::next_in_stream(const Tensor& stream) {
  // Who watches must see whose values these are; otherwise a copy leaves the stream where it is.
  const auto* place = stream.body().elements<const std::int64_t>();
  Tensor now = Watcher::present() ? stream.detach()
                                  : dropout_stream(static_cast<std::uint64_t>(place[0]),
                                                   static_cast<std::uint64_t>(place[1]));
  auto advance = [stream] { ++writable<std::int64_t>(stream)[1]; };
  const Act act("dropout", [&] { return advance; });
  advance();
  return now;
}

}  // namespace xtape
