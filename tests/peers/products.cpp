// Products and Fourier transforms against PyTorch.
#include <doctest/doctest.h>

#include <xtape/ops/einsum.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/products.hpp>

#include "support/peer_values.hpp"

using namespace xtape;

TEST_CASE("peers: products") {
  check_sections(
      {"products"},
      {
          {"matmul: matrices", [](auto& v) { return matmul(v[0], v[1]); }},
          {"matmul: leading axes broadcast", [](auto& v) { return matmul(v[0], v[1]); }},
          {"matmul: row by matrices", [](auto& v) { return matmul(v[0], v[1]); }},
          {"linear: rows", [](auto& v) { return linear(v[0], v[1], v[2]); }},
          {"dot: three axes by three", [](auto& v) { return dot(v[0], v[1]); }},
          {"vdot: of other shapes", [](auto& v) { return vdot(v[0], v[1]); }},
          {"inner: rows by rows", [](auto& v) { return inner(v[0], v[1]); }},
          {"outer: of a matrix and a vector", [](auto& v) { return outer(v[0], v[1]); }},
          {"kron: matrices", [](auto& v) { return kron(v[0], v[1]); }},
          {"tensordot: two axes", [](auto& v) { return tensordot(v[0], v[1]); }},
          {"cross: an inner axis", [](auto& v) { return cross(v[0], v[1], 1); }},
          {"einsum: many matrices", [](auto& v) { return einsum("bij,bjk->kib", v); }},
          {"einsum: a quadratic form", [](auto& v) { return einsum("i,ij,j", v); }},
          {"einsum: a diagonal and a sum", [](auto& v) { return einsum("iji,kl->jl", v); }},
          {"einsum: axes without a letter", [](auto& v) { return einsum("i...,i...->...i", v); }},
          {"lerp: by a tensor", [](auto& v) { return lerp(v[0], v[1], v[2]); }},
      });
}

TEST_CASE("peers: Fourier transforms") {
  check_sections(
      {"fourier"},
      {
          {"fft: of 8", [](auto& v) { return fft(square(v[0])); }},
          {"fft: of 7, another axis, scaled",
           [](auto& v) { return fft(square(v[0]), {.axis = 0, .norm = FourierNorm::ortho}); }},
          {"ifft: of 12", [](auto& v) { return ifft(square(v[0])); }},
          {"rfft: even", [](auto& v) { return rfft(square(v[0])); }},
          {"rfft: odd", [](auto& v) { return rfft(square(v[0])); }},
          {"irfft: even", [](auto& v) { return irfft(square(v[0])); }},
          {"irfft: odd", [](auto& v) { return irfft(square(v[0]), {.n = 9}); }},
          {"fftn: all axes", [](auto& v) { return fftn(square(v[0])); }},
          {"ifftn: all axes", [](auto& v) { return ifftn(square(v[0])); }},
          {"fftshift: all axes", [](auto& v) { return fftshift(square(v[0])); }},
          {"ifftshift: an axis", [](auto& v) { return ifftshift(square(v[0]), 1); }},
          {"complex_multiply: pairs", [](auto& v) { return complex_multiply(v[0], v[1]); }},
          {"complex_conj: pairs", [](auto& v) { return complex_conj(square(v[0])); }},
          {"complex_abs: pairs", [](auto& v) { return complex_abs(square(v[0])); }},
      });
}
