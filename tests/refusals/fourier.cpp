#include <xtape/core/create.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: Fourier transforms") {
  const Tensor pairs = ones({2, 3, 2}), x = ones({2, 3}), scalar = tensor(1.0), pair = ones({2});
  const auto length = [](const char* op, auto transform) {
    return Counts{{"FourierOptions.n",
                   Kind::value,
                   {0, -1, least},
                   [=](auto n) { return transform(FourierOptions{.n = n}); },
                   std::string(op) + ": the length must be at least 1; got "},
                  {"FourierOptions.axis",
                   Kind::index,
                   {2, -3, most, least},
                   [=](auto a) { return transform(FourierOptions{.axis = a}); },
                   std::string(op) + ": axis must lie in [-2, 2); got "}};
  };
  check(length("fft", [=](auto options) { return fft(pairs, options); }));
  check(length("ifft", [=](auto options) { return ifft(pairs, options); }));
  check(length("rfft", [=](auto options) { return rfft(x, options); }));
  check(length("irfft", [=](auto options) { return irfft(pairs, options); }));
  check(of_axis(
      "fftn: axes", [&](auto&, auto a) { return fftn(pairs, a); }, 2, false));
  check(of_axis(
      "ifftn: axes", [&](auto&, auto a) { return ifftn(pairs, a); }, 2, false));
  check(of_axis("fftshift: axes", [](auto& of, auto a) { return fftshift(of, a); }));
  check(of_axis("ifftshift: axes", [](auto& of, auto a) { return ifftshift(of, a); }));
  check(Counts{
      {"fftfreq: n",
       Kind::value,
       {0, -1, least},
       [](auto n) { return fftfreq(n); },
       "fftfreq: the length must be at least 1; got "},
      {"rfftfreq: n",
       Kind::value,
       {0, -1, least},
       [](auto n) { return rfftfreq(n); },
       "rfftfreq: the length must be at least 1; got "},
      {"fft: last axis",
       Kind::shape,
       {3, 1, 0},
       [](auto n) {
         return fft(ones({4, n}));
       },
       "fft: a complex tensor is [..., 2], real and imaginary part; got float32[4, %]"},
      {"irfft: last axis",
       Kind::shape,
       {3, 1, 0},
       [](auto n) {
         return irfft(ones({4, n}));
       },
       "irfft: a complex tensor is [..., 2], real and imaginary part; got float32[4, %]"},
      {"complex_multiply: last axis",
       Kind::shape,
       {3, 1, 0},
       [&](auto n) {
         return complex_multiply(pairs, ones({3, n}));
       },
       "complex_multiply: a complex tensor is [..., 2], real and imaginary part; got float32[3, "
       "%]"},
      {"fft: no axis",
       Kind::shape,
       {0},
       [&](auto) { return fft(pair); },
       "=fft: an axis is needed; got float32[2]"},
      {"rfft: no axis",
       Kind::shape,
       {0},
       [&](auto) { return rfft(scalar); },
       "=rfft: an axis is needed; got float32[]"},
      {"fft: an empty axis",
       Kind::value,
       {0},
       [](auto n) {
         return fft(ones({n, 2}));
       },
       "fft: the length must be at least 1; got "},
  });
}
