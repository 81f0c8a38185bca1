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

/// The mask is not kept: the same key and call make it again.
struct Dropout {
  static constexpr OpInfo info{"dropout", true};
  double rate;
  SavedConstant stream;  // key and call
  SavedInput like{};     // within vmap: the masks of the examples differ

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
    const double threshold =
        rate < 1 ? std::min(std::round(rate * resolution), resolution - 1) : resolution;
    const double scale = resolution / (resolution - threshold);
    const auto limit = static_cast<std::int32_t>(threshold);
    const auto* place = stream.get().body().elements<const std::int64_t>();
    const auto key = static_cast<std::uint64_t>(place[0]),
               call = static_cast<std::uint64_t>(place[1]);
    const auto& mask = kernels::chosen<kernels::MaskKernels>();
    if (x.dtype() == Dtype::float32) {
      mask.dropout_float32(dense.body().elements<const float>(), y.body().elements<float>(),
                           y.size(), limit, static_cast<float>(scale), key, call);
    } else {
      mask.dropout_float64(dense.body().elements<const double>(), y.body().elements<double>(),
                           y.size(), limit, scale, key, call);
    }
  }
  void keep(const Tensor&, const Tensor& x) { like = SavedInput(x, detail::level_of(x) > 0); }
  void vjp(const Tensor& g, const Send& send) const { send(0, masked(g)); }
  Tensor jvp(const Tangents& t) const { return masked(t[0]); }
  Tensor batch(const Examples& x) const { return apply(Dropout{rate, stream}, x[0]); }

 private:
  Tensor masked(const Tensor& x) const {
    const Tensor& of = like.get();
    const auto spread = [&](const Tensor& t) {
      return of.defined() ? detail::mapped_like(t, of) : t;
    };
    const int level = of.defined() ? detail::level_of(of) : 0;
    if (detail::level_of(x) <= level) return apply(Dropout{rate, stream}, spread(x));
    // Many cotangents of one operation: they have its mask in common.
    const Tensor mask = apply(Dropout{rate, stream}, spread(ones(x.shape(), x.dtype())));
    return where(mask == 0, 0, x * mask);
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
