#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/batch_part.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/dropout_stream.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/mask.hpp>

namespace xtape {
namespace {

constexpr double resolution = 0x1p16;  // each element has 16 random bits

/// Where in the stream an operand begins: at a block, and so many elements behind its begin.
struct Start {
  std::int64_t block = 0, shift = 0;
};

/// A stream has key and call, and of a part of a batch its first row and how many it has.
Start start_of(const Tensor& x, const Tensor& stream) {
  if (stream.size() == 2 || x.size() == 0) return {};
  const auto* part = stream.body().elements<const std::int64_t>() + 2;
  if (x.rank() == 0 || part[1] == 0 || x.extent(0) % part[1] != 0) {
    throw ShapeError(
        "dropout: in a part of a batch its rows must lie along the first axis (see BatchPart); "
        "got " +
        x.describe() + " for " + std::to_string(part[1]) + " rows");
  }
  const std::int64_t place = part[0] * (x.size() / part[1]);
  return {place / kernels::elements_of_block, place % kernels::elements_of_block};
}

/// A mask of one bit an element is made by the first run, and read by those of the rule: that takes
/// a third of the time that drawing it again would take.
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
    const Start start = start_of(x, stream.get());
    const std::int64_t n = start.shift + y.size();
    const T* from = x.body().elements<const T>();
    T* to = y.body().elements<T>();
    Tensor shifted;  // so that blocks begin where they do in the stream
    if (start.shift > 0) {
      shifted = detail::make_tensor({n}, y.dtype(), info.name);
      to = shifted.body().elements<T>();
      std::fill_n(to, start.shift, T(0));
      std::memcpy(to + start.shift, from, bytes_of<T>(y));
      from = to;
    }
    if (mask.get().defined()) {
      apply(from, to, n, scale, words_of(mask.get()));
    } else {
      mask = SavedConstant(detail::make_tensor({bytes_of_mask(n)}, Dtype::boolean, info.name));
      const auto* place = stream.get().body().elements<const std::int64_t>();
      draw(from, to, n, static_cast<std::int32_t>(threshold), scale,
           static_cast<std::uint64_t>(place[0]), static_cast<std::uint64_t>(place[1]), start.block,
           words_of(mask.get()));
    }
    if (start.shift > 0) std::memcpy(y.body().elements<T>(), to + start.shift, bytes_of<T>(y));
  }
  template <class T>
  static std::size_t bytes_of(const Tensor& of) {
    return static_cast<std::size_t>(of.size()) * sizeof(T);
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
  const BatchPart* const part = BatchPart::current();
  if (part != nullptr && part->rows() < part->total()) {
    refuse_to_repeat("dropout of a part of a batch");
    const std::int64_t own[] = {place[0], place[1], part->first(), part->rows()};
    ++writable<std::int64_t>(stream)[1];
    return from_span(std::span<const std::int64_t>(own), {4});
  }
  Tensor now = Watcher::present() ? stream.detach()
                                  : dropout_stream(static_cast<std::uint64_t>(place[0]),
                                                   static_cast<std::uint64_t>(place[1]));
  auto advance = [stream] { ++writable<std::int64_t>(stream)[1]; };
  const Act act("dropout", [&] { return advance; });
  advance();
  return now;
}

}  // namespace xtape
