#include <algorithm>
#include <vector>

#include <xtape/core/memory.hpp>
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

template <class T, class Sum>
void add(const Tap& tap, std::int64_t inner, const T* y, Sum* x) {
  Sum* const first = x + tap.first * inner;
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
  const Taps taps = of.taps();
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
  const Taps taps = of.taps();
  of_type(dtype, [&]<class T>(T) {
    auto from = reinterpret_cast<const T*>(y);
    auto to = reinterpret_cast<T*>(x);
    const std::int64_t places = of.in * inner;
    // Many to one place: their sum goes on in double.
    std::vector<double, memory::Allocator<double>> sums(
        of.out / of.in > 64 ? static_cast<std::size_t>(places) : 0);
    const auto add_all = [&](auto* to_place) {
      std::fill_n(to_place, places, 0);
      for (const Tap& tap : taps) {
        add(tap, inner, from, to_place);
        from += inner;
      }
    };
    for (std::int64_t o = 0; o < outer; ++o, to += places) {
      if (sums.empty()) {
        add_all(to);
      } else {
        add_all(sums.data());
        std::transform(sums.begin(), sums.end(), to,
                       [](double sum) { return static_cast<T>(sum); });
      }
    }
  });
}

}  // namespace xtape::kernels
