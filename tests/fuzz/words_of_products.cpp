// Products, images, sequences, transforms and linear algebra.
#include <xtape/xtape.hpp>

#include "words.hpp"

using namespace xtape;

namespace {

/// x as images of one channel, or of as many as its second last axis has elements.
Tensor as_signal(const Tensor& x) {
  return x.rank() >= 2 ? reshape(x, {-1, x.extent(-2), x.extent(-1)}) : reshape(x, {1, 1, -1});
}

/// A positive definite matrix, [..., m, m] of [..., m, n].
Tensor definite(const Tensor& x) {
  const Tensor t = tanh(x);
  return matmul(t, swapaxes(t, -2, -1)) + 3 * eye(x.extent(-2), x.dtype());
}

}  // namespace

std::vector<Word> words_of_products() {
  constexpr unsigned smooth = Word::smooth, kinked = Word::none, lies = Word::by_lie;
  return {
      {"matmul", 2, smooth | lies, [](auto& x, auto&) { return matmul(x[0], x[1]); }},
      {"matmul transposed", 2, smooth | lies,
       [](auto& x, auto&) { return matmul(x[0], swapaxes(x[1], -1, -2)); }},
      {"matmul transposed before", 2, smooth | lies,
       [](auto& x, auto&) { return matmul(swapaxes(x[0], -1, -2), x[1]); }},
      {"matmul by itself", 1, smooth | lies,
       [](auto& x, auto&) { return matmul(x[0], transpose(x[0])); }},
      {"relu of a product", 2, lies,
       [](auto& x, auto&) { return relu(matmul(x[0], swapaxes(x[1], -1, -2))); }},
      {"linear", 3, smooth | lies, [](auto& x, auto&) { return linear(x[0], x[1], x[2]); }},
      {"linear transposed", 2, smooth | lies,
       [](auto& x, auto&) { return linear(x[0], transpose(x[1])); }},
      {"dot", 2, smooth, [](auto& x, auto&) { return dot(x[0], x[1]); }},
      {"inner", 2, smooth | lies, [](auto& x, auto&) { return inner(x[0], x[1]); }},
      {"outer", 2, smooth, [](auto& x, auto&) { return outer(x[0], x[1]); }},
      {"kron", 2, smooth, [](auto& x, auto&) { return kron(x[0], x[1]); }},
      {"tensordot", 2, smooth | lies,
       [](auto& x, auto& w) { return tensordot(x[0], x[1], w.between(0, 0, 2)); }},
      {"einsum matrices", 2, smooth | lies,
       [](auto& x, auto&) {
         return einsum("ij,jk->ki", {x[0], x[1]});
       }},
      {"einsum rows", 2, smooth | lies,
       [](auto& x, auto&) {
         return einsum("...i,...i->...", {x[0], x[1]});
       }},
      {"einsum many", 2, smooth | lies,
       [](auto& x, auto&) {
         return einsum("bij,bkj->ikb", {x[0], x[1]});
       }},
      {"convolve", 2, smooth,
       [](auto& x, auto& w) {
         return convolve(x[0], x[1], w.bit(0) ? Overlap::full : Overlap::same);
       }},
      {"correlate", 2, smooth, [](auto& x, auto&) { return correlate(x[0], x[1]); }},
      {"convolution", 2, smooth,
       [](auto& x, auto& w) {
         const Tensor weight = as_signal(x[1]);
         return convolution(as_signal(x[0]), weight,
                            {.stride = w.between(0, 1, 2),
                             .padding = w.between(1, 0, 2),
                             .dilation = w.between(2, 1, 2)});
       }},
      {"convolution by itself", 1, smooth,
       [](auto& x, auto& w) {
         const Tensor signal = as_signal(x[0]);
         return convolution(signal, slice(signal, {Slice::all, Slice::all, range({}, 2)}),
                            {.stride = w.between(0, 1, 2), .padding = w.between(1, 0, 1)});
       }},
      {"depthwise convolution", 1, smooth,
       [](auto& x, auto& w) {
         const Tensor signal = as_signal(x[0]);
         const std::int64_t channels = signal.extent(1);
         const Tensor weight =
             slice(reshape(signal[0], {channels, 1, -1}), {Slice::all, Slice::all, range({}, 3)});
         return convolution(signal, weight, {.padding = w.between(1, 0, 1), .groups = channels});
       }},
      {"transposed_convolution", 2, smooth,
       [](auto& x, auto& w) {
         return transposed_convolution(as_signal(x[0]), swapaxes(as_signal(x[1]), 0, 1),
                                       {.stride = w.between(0, 1, 3)});
       }},
      {"convolution of images", 2, smooth,
       [](auto& x, auto& w) {
         return convolution(expand_dims(as_signal(x[0]), 1), expand_dims(as_signal(x[1]), 1),
                            {.padding = w.between(0, 0, 2)});
       }},
      {"max_pool", 1, kinked,
       [](auto& x, auto& w) {
         return max_pool(as_signal(x[0]), w.between(0, 1, 3),
                         {.stride = w.between(1, 1, 3), .ceil_mode = w.bit(0)});
       }},
      {"average_pool", 1, smooth,
       [](auto& x, auto& w) {
         return average_pool(as_signal(x[0]), w.between(0, 2, 3),
                             {.stride = w.between(1, 1, 3),
                              .padding = w.between(2, 0, 1),
                              .ceil_mode = w.bit(0),
                              .count_include_pad = w.bit(1)});
       }},
      {"adaptive_average_pool", 1, smooth,
       [](auto& x, auto& w) { return adaptive_average_pool(as_signal(x[0]), w.between(0, 1, 3)); }},
      {"adaptive_max_pool", 1, kinked,
       [](auto& x, auto& w) { return adaptive_max_pool(as_signal(x[0]), w.between(0, 1, 3)); }},
      {"unfold", 1, smooth,
       [](auto& x, auto& w) {
         return unfold(as_signal(x[0]), w.between(0, 1, 3),
                       {.stride = w.between(1, 1, 2), .padding = w.between(2, 0, 1)});
       }},
      {"attention", 1, smooth | lies,
       [](auto& x, auto& w) {
         return scaled_dot_product_attention(x[0], x[0], x[0], {.causal = w.bit(0)});
       }},
      {"attention of three", 3, smooth | lies,
       [](auto& x, auto& w) {
         return scaled_dot_product_attention(x[0], x[1], x[2], {.causal = w.bit(0)});
       }},
      {"rotary_positions", 1, smooth, [](auto& x, auto&) { return rotary_positions(x[0]); }},
      {"cosine_similarity", 2, kinked,
       [](auto& x, auto& w) { return cosine_similarity(x[0], x[1], {.axis = w.axis(0, x[0])}); }},
      {"pairwise_distance", 2, kinked,
       [](auto& x, auto&) { return pairwise_distance(x[0], x[1]); }},
      {"rfft", 1, smooth, [](auto& x, auto& w) { return rfft(x[0], {.axis = w.axis(0, x[0])}); }},
      {"fft", 1, smooth,
       [](auto& x, auto&) {
         return fft(stack({x[0], x[0] * 0.5}, -1));
       }},
      {"solve", 1, smooth | lies,
       [](auto& x, auto&) { return linalg::solve(definite(x[0]), x[0]); }},
      {"inverse", 1, smooth | lies, [](auto& x, auto&) { return linalg::inverse(definite(x[0])); }},
      {"cholesky", 1, smooth | lies,
       [](auto& x, auto&) { return linalg::cholesky(definite(x[0])); }},
      {"det", 1, smooth | lies, [](auto& x, auto&) { return linalg::det(definite(x[0])); }},
      {"logdet", 1, smooth | lies, [](auto& x, auto&) { return linalg::logdet(definite(x[0])); }},
      {"matrix_power", 1, smooth | lies,
       [](auto& x, auto& w) {
         return linalg::matrix_power(0.25 * definite(x[0]), w.between(0, -1, 4));
       }},
      {"expm", 1, smooth | lies, [](auto& x, auto&) { return linalg::expm(0.1 * definite(x[0])); }},
      {"rnn", 1, smooth | lies,
       [](auto& x, auto& w) {
         const Tensor steps = as_signal(x[0]);
         const std::int64_t width = steps.extent(2);
         const Tensor square = 0.1 + 0.2 * eye(width, x[0].dtype());
         return rnn(steps, {square, square - 0.15, {}, {}}, {}, {.reverse = w.bit(0)}).output;
       }},
      {"lstm", 1, smooth | lies,
       [](auto& x, auto& w) {
         const Tensor steps = as_signal(x[0]);
         const std::int64_t width = steps.extent(2);
         const Tensor weights = 0.1 + 0.2 * eye(4 * width, width, x[0].dtype());
         return lstm(steps, {weights, weights - 0.15, {}, {}}, {}, {.reverse = w.bit(0)}).output;
       }},
      {"gru", 1, smooth | lies,
       [](auto& x, auto&) {
         const Tensor steps = as_signal(x[0]);
         const std::int64_t width = steps.extent(2);
         const Tensor weights = 0.1 + 0.2 * eye(3 * width, width, x[0].dtype());
         return gru(steps, {weights, weights - 0.15, {}, {}}).output;
       }},
  };
}

const std::vector<Word>& words() {
  static const std::vector<Word> all = [] {
    std::vector<Word> list;
    for (const auto part : {words_of_rows, words_of_layout, words_of_sums, words_of_products})
      for (Word& word : part()) list.push_back(std::move(word));
    return list;
  }();
  return all;
}
