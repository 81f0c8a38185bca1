#pragma once
#include <vector>

#include <xtape/ops/fourier.hpp>
#include <xtape/ops/layout.hpp>

#include "case.hpp"

/// Uses of Fourier transforms.
inline std::vector<Case> fourier_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const Tensor pairs = sixteenths({2, 3, 2}), others = sixteenths({3, 2}, 1),
               even = sixteenths({2, 4}, 2);
  const Tensor eight = sixteenths({8, 2}, 3), odd = sixteenths({5}, 4),
               seven = sixteenths({2, 7, 2}, 5);
  return {
      {"fft: 3", {pairs}, [](auto& v) { return fft(v[0]); }, rounds},
      {"fft: 8", {eight}, [](auto& v) { return fft(v[0]); }, rounds},
      {"fft: another axis, longer, both ways scaled",
       {pairs},
       [](auto& v) { return fft(v[0], {.n = 5, .axis = 0, .norm = FourierNorm::ortho}); },
       rounds},
      {"fft: shorter", {pairs}, [](auto& v) { return fft(v[0], {.n = 2}); }, rounds},
      {"fft: strided", {pairs}, [](auto& v) { return fft(swapaxes(v[0], 0, 1)); }, rounds},
      {"ifft: 7", {seven}, [](auto& v) { return ifft(v[0]); }, rounds},
      {"rfft: even", {even}, [](auto& v) { return rfft(v[0]); }, rounds},
      {"rfft: odd", {odd}, [](auto& v) { return rfft(v[0]); }, rounds},
      {"rfft: another axis",
       {even},
       [](auto& v) { return rfft(v[0], {.n = 3, .axis = 0}); },
       rounds},
      {"irfft: even", {pairs}, [](auto& v) { return irfft(v[0]); }, rounds},
      {"irfft: odd", {pairs}, [](auto& v) { return irfft(v[0], {.n = 5}); }, rounds},
      {"irfft: one", {pairs}, [](auto& v) { return irfft(v[0], {.n = 1}); }, rounds},
      {"fftn: all axes", {pairs}, [](auto& v) { return fftn(v[0]); }, rounds},
      {"ifftn: an axis",
       {pairs},
       [](auto& v) { return ifftn(v[0], 0, FourierNorm::forward); },
       rounds},
      {"fftshift: all axes", {even}, [](auto& v) { return fftshift(v[0]); }},
      {"ifftshift: an axis", {odd}, [](auto& v) { return ifftshift(v[0], 0); }},
      {"complex_multiply: broadcast",
       {pairs, others},
       [](auto& v) { return complex_multiply(v[0], v[1]); },
       rounds},
      {"complex_conj: pairs", {pairs}, [](auto& v) { return complex_conj(v[0]); }},
      {"complex_abs: pairs", {pairs}, [](auto& v) { return complex_abs(v[0]); }, rounds},
  };
}
