#include <xtape/core/create.hpp>
#include <xtape/ops/convolution.hpp>
#include <xtape/ops/convolve.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/products.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: products") {
  const Tensor x = ones({2, 3}), y = ones({3, 2}), scalar = tensor(1.0);
  const Tensor wide = broadcast_to(scalar, {std::int64_t{1} << 62});
  check(Counts{
      {"tensordot: axes",
       Kind::value,
       {-1, 3, most, least},
       [&](auto n) { return tensordot(x, y, n); },
       "tensordot: axes must be a number of axes that both operands have; got "},
      {"tensordot: axes_of_a",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return tensordot(x, y, {a}, {0}); },
       "tensordot: axis must lie in [-2, 2); got "},
      {"tensordot: axes_of_b",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return tensordot(x, y, {0}, {a}); },
       "tensordot: axis must lie in [-2, 2); got "},
      {"cross: axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return cross(x, x, a); },
       "cross: axis must lie in [-2, 2); got "},
      {"cross: axis",
       Kind::index,
       {0, -1, most, least},
       [&](auto a) { return cross(scalar, x, a); },
       "cross: axis must exist, and there is none; got "},
      {"cross: axis",
       Kind::shape,
       {0, -2},
       [&](auto a) { return cross(x, x, a); },
       "cross: vectors must have 3 components; got 2 along axis % of float32[2, 3]"},
      {"outer: elements",
       Kind::shape,
       {4, 8},
       [&](auto n) { return outer(wide, ones({n})); },
       "shape: the number of elements must fit in int64; got [4611686018427387904, %]"},
      {"kron: elements",
       Kind::shape,
       {4, 8},
       [&](auto n) { return kron(wide, ones({n})); },
       "shape: the number of elements must fit in int64; got [4611686018427387904, %]"},
      {"kron: memory",
       Kind::memory,
       {no_memory},
       [&](auto n) { return kron(broadcast_to(scalar, {n}), ones({1})); },
       "multiply: out of memory: 1152921504606846976 bytes for float32[%, 1]"},
      {"einsum: memory",
       Kind::memory,
       {no_memory},
       [&](auto n) {
         return einsum("i,j->ij", {broadcast_to(scalar, {n}), ones({1})});
       },
       "multiply: out of memory: 1152921504606846976 bytes for float32[%]"},
  });
}

TEST_CASE("refusals: signals") {
  const Tensor signal = ones({4});
  const auto empty = [](const char* op, auto f) {
    return Refusal<std::int64_t>{
        "signals: elements",
        Kind::shape,
        {0},
        [f](auto n) { return f(ones({n})); },
        std::string(op) + ": signals must not be empty; got float32[4] and float32[%]"};
  };
  check(Counts{
      empty("convolve", [&](const Tensor& x) { return convolve(signal, x); }),
      empty("correlate", [&](const Tensor& x) { return correlate(signal, x); }),
      empty("fftconvolve", [&](const Tensor& x) { return fftconvolve(signal, x); }),
  });
}

TEST_CASE("refusals: windows over images") {
  const Tensor x = ones({1, 4, 5}), w = ones({4, 4, 3});
  const auto in_range = [](const char* name, std::string text, std::vector<std::int64_t> values,
                           auto f) {
    return Refusal<std::int64_t>{name, Kind::value, std::move(values), f, std::move(text)};
  };
  const std::vector<std::int64_t> counts{0, -1, least, most}, widths{-1, least, most};
  check(Counts{
      in_range("ConvolutionOptions.groups", "convolution: groups must be at least 1; got ",
               {0, -1, least}, [&](auto n) { return convolution(x, w, {.groups = n}); }),
      in_range("ConvolutionOptions.groups",
               "convolution: groups must divide the channels of x and of the weights; got ",
               {3, 8, most}, [&](auto n) { return convolution(x, w, {.groups = n}); }),
      in_range("ConvolutionOptions.stride", "convolution: stride must lie in [1, 2147483647]; got ",
               counts, [&](auto n) { return convolution(x, w, {.stride = n}); }),
      in_range("ConvolutionOptions.dilation",
               "convolution: dilation must lie in [1, 2147483647]; got ", counts,
               [&](auto n) { return convolution(x, w, {.dilation = n}); }),
      in_range("ConvolutionOptions.padding",
               "convolution: padding must lie in [0, 2147483647]; got ", widths,
               [&](auto n) { return convolution(x, w, {.padding = n}); }),
      in_range("TransposedConvolutionOptions.groups",
               "transposed_convolution: groups must be at least 1; got ", {0, -1, least},
               [&](auto n) { return transposed_convolution(x, w, {.groups = n}); }),
      in_range("TransposedConvolutionOptions.output_padding",
               "transposed_convolution: output_padding must lie in [0, 2147483647]; got ", widths,
               [&](auto n) { return transposed_convolution(x, w, {.output_padding = n}); }),
      in_range("TransposedConvolutionOptions.output_padding",
               "transposed_convolution: output_padding must lie below stride or dilation; got ",
               {1, 2147483647},
               [&](auto n) { return transposed_convolution(x, w, {.output_padding = n}); }),
      in_range("unfold: kernel", "unfold: kernel must lie in [1, 2147483647]; got ", counts,
               [&](auto n) { return unfold(x, n); }),
      in_range("fold: kernel", "fold: kernel must lie in [1, 2147483647]; got ", counts,
               [&](auto n) { return fold(x, {5}, n); }),
  });
  check(Counts{
      {"TransposedConvolutionOptions.padding",
       Kind::shape,
       {4, 2147483647},
       [&](auto n) { return transposed_convolution(x, w, {.padding = n}); },
       "transposed_convolution: padding must leave something of the result; got % on both sides "
       "for "
       "an image of [1, 4, 5]"},
  });
}

TEST_CASE("refusals: which singular values count") {
  const Tensor x = ones({2, 3});
  const auto of = [](const char* op, auto f) {
    return Refusal<double>{"RankOptions.rcond",
                           Kind::value,
                           {-1, -1e-300, inf, not_a_number},
                           [f](auto rcond) { f(linalg::RankOptions{rcond}); },
                           std::string(op) + ": rcond must be finite and not negative; got "};
  };
  check(Numbers{
      of("pinv", [&](const auto& options) { return linalg::pinv(x, options); }),
      of("lstsq", [&](const auto& options) { return linalg::lstsq(x, ones({2}), options); }),
      of("matrix_rank", [&](const auto& options) { return linalg::matrix_rank(x, options); }),
  });
}
