#include <algorithm>

#include <xtape/ops/kernels/interpolate.hpp>

namespace xtape::kernels {
namespace {

template <class T>
void mix(const Tap& tap, std::int64_t inner, const T* x, T* y) {
  const T* const first = x + tap.first * inner;
  if (tap.weight == 0) {
    std::copy_n(first, inner, y);
    return;
  }
  const T near = static_cast<T>(1 - tap.weight), far = static_cast<T>(tap.weight);
  for (std::int64_t i = 0; i < inner; ++i) y[i] = near * first[i] + far * first[inner + i];
}

template <class T>
void add(const Tap& tap, std::int64_t inner, const T* y, T* x) {
  T* const first = x + tap.first * inner;
  if (tap.weight == 0) {
    for (std::int64_t i = 0; i < inner; ++i) first[i] += y[i];
    return;
  }
  const T near = static_cast<T>(1 - tap.weight), far = static_cast<T>(tap.weight);
  for (std::int64_t i = 0; i < inner; ++i) first[i] += near * y[i];
  for (std::int64_t i = 0; i < inner; ++i) first[inner + i] += far * y[i];
}

/// Calls `f` with the type of the elements.
template <class F>
void of_type(Dtype dtype, F f) {
  dtype == Dtype::float32 ? f(float{}) : f(double{});
}

}  // namespace

void interpolate(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
                 const std::byte* x, std::byte* y) {
  const std::vector<Tap> taps = of.taps();
  of_type(dtype, [&]<class T>(T) {
    auto from = reinterpret_cast<const T*>(x);
    auto to = reinterpret_cast<T*>(y);
    for (std::int64_t o = 0; o < outer; ++o, from += of.in * inner) {
      for (const Tap& tap : taps) {
        mix(tap, inner, from, to);
        to += inner;
      }
    }
  });
}

void spread(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
            const std::byte* y, std::byte* x) {
  const std::vector<Tap> taps = of.taps();
  of_type(dtype, [&]<class T>(T) {
    auto from = reinterpret_cast<const T*>(y);
    auto to = reinterpret_cast<T*>(x);
    std::fill_n(to, outer * of.in * inner, T{0});
    for (std::int64_t o = 0; o < outer; ++o, to += of.in * inner) {
      for (const Tap& tap : taps) {
        add(tap, inner, from, to);
        from += inner;
      }
    }
  });
}

}  // namespace xtape::kernels
