// Values and gradients are the same to the last bit whatever number of threads shares the work.
// Extents are no multiples of anything, and each piece, however small, is shared.
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/workers.hpp>
#include <xtape/xtape.hpp>

#include "support/threads.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

/// A function of tensors of these shapes.
struct Use {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Tensor(const Tensors&)> function;
};

std::vector<std::byte> bytes_of(const Tensor& x) {
  const Tensor dense = x.detach().contiguous();
  std::vector<std::byte> bytes(static_cast<std::size_t>(dense.size()) * size_of(dense.dtype()));
  const auto copy = [&](const auto& span) { std::memcpy(bytes.data(), span.data(), bytes.size()); };
  switch (dense.dtype()) {
    case Dtype::boolean: copy(dense.data<bool>()); break;
    case Dtype::int64: copy(dense.data<std::int64_t>()); break;
    case Dtype::float32: copy(dense.data<float>()); break;
    case Dtype::float64: copy(dense.data<double>()); break;
  }
  return bytes;
}

/// The value of the use, and its gradients by all inputs for slopes that differ.
std::vector<std::vector<std::byte>> outcome(const Use& use, Dtype dtype) {
  Rng rng(1);
  Tensors x;
  for (const Shape& shape : use.shapes)
    x.push_back(rng.normal(shape, 0.2, 1, dtype).set_requires_grad(true));
  const Tensor y = use.function(x);
  std::vector<std::vector<std::byte>> bytes{bytes_of(y)};
  if (!y.requires_grad()) return bytes;
  const Tensor slopes = rng.normal(y.shape(), 0, 1, y.dtype());
  for (const Tensor& slope : grad(sum(y * slopes), x, {.allow_unused = true}))
    if (slope.defined()) bytes.push_back(bytes_of(slope));
  return bytes;
}

Tensor labels(std::int64_t count, std::int64_t classes) {
  return remainder(arange(count) * 7, classes);
}

std::vector<Use> elementwise() {
  return {
      {"same shapes", {{301, 203}, {301, 203}}, [](auto& x) { return tanh(x[0]) * x[1]; }},
      {"a number", {{60101}, {}}, [](auto& x) { return x[0] * x[1]; }},
      {"a row and a column",
       {{301, 203}, {203}, {301, 1}},
       [](auto& x) { return x[0] * x[1] + x[2]; }},
      {"short rows", {{20011, 3}, {3}}, [](auto& x) { return x[0] + x[1]; }},
      {"channels", {{13, 7, 19, 23}, {7, 1, 1}}, [](auto& x) { return x[0] * x[1]; }},
      {"transposed", {{211, 307}, {307, 211}}, [](auto& x) { return exp(transpose(x[0])) + x[1]; }},
      {"other dtype", {{50021}}, [](auto& x) { return x[0] * arange(50021); }},
      {"truth", {{50021}}, [](auto& x) { return where(x[0] > 0, x[0], -x[0] * x[0]); }},
      {"copies", {{211, 3, 103}}, [](auto& x) { return moveaxis(x[0], 1, 2).contiguous(); }},
      {"dropout", {{50021}}, [](auto& x) { return dropout(x[0], 0.3, 5, 7); }},
      {"added up", {{50021}}, [](auto& x) { return x[0] * x[0] + sin(x[0]) * x[0]; }},
  };
}

std::vector<Use> reductions() {
  return {
      {"sum", {{300007}}, [](auto& x) { return sum(x[0]); }},
      {"mean of rows", {{301, 203}}, [](auto& x) { return mean(x[0], 1); }},
      {"sum of columns", {{301, 1203}}, [](auto& x) { return sum(x[0], 0); }},
      {"few columns", {{70001, 3}}, [](auto& x) { return sum(x[0], 0); }},
      {"few rows", {{3, 70001}}, [](auto& x) { return sum(x[0], 1); }},
      {"two of three axes",
       {{31, 17, 403}},
       [](auto& x) {
         return sum(x[0], {0, 2});
       }},
      {"product", {{200003}}, [](auto& x) { return prod(1 + x[0] / 1e6); }},
      {"integers", {{300007}}, [](auto& x) { return sum((x[0] * 100).to(Dtype::int64)); }},
      {"truths", {{301, 1003}}, [](auto& x) { return count_nonzero(x[0] > 0, 0); }},
      {"norm", {{300007}}, [](auto& x) { return norm(x[0]); }},
      {"amax", {{300007}}, [](auto& x) { return amax(x[0]); }},
      {"amax of columns", {{301, 203}}, [](auto& x) { return amax(x[0], 0); }},
      {"argmax", {{301, 203}}, [](auto& x) { return argmax(x[0], 0); }},
      {"softmax", {{3001, 10}}, [](auto& x) { return softmax(x[0]); }},
      {"log_softmax", {{71, 1003}}, [](auto& x) { return log_softmax(x[0]); }},
      {"logsumexp", {{3001, 10}}, [](auto& x) { return logsumexp(x[0], 1); }},
      {"cross_entropy",
       {{3001, 10}},
       [](auto& x) { return nn::cross_entropy(x[0], labels(3001, 10)); }},
      {"cross_entropy of each row",
       {{3001, 10}},
       [](auto& x) {
         return nn::cross_entropy(x[0], labels(3001, 10), {.reduction = nn::Reduction::none});
       }},
  };
}

std::vector<Use> products() {
  return {
      {"matmul", {{203, 301}, {301, 107}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"of few terms", {{3001, 2}, {2, 101}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"of few columns", {{3001, 201}, {201, 3}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"of few rows", {{3, 201}, {201, 3001}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"linear", {{203, 64}, {64, 128}, {128}}, [](auto& x) { return linear(x[0], x[1], x[2]); }},
      {"large", {{131, 1100}, {1100, 1090}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"over a long axis", {{3, 9001}, {9001, 5}}, [](auto& x) { return matmul(x[0], x[1]); }},
      {"large, of many rows",
       {{1003, 301}, {301, 290}},
       [](auto& x) { return matmul(x[0], x[1]); }},
      {"batch", {{17, 31, 29}, {17, 29, 13}}, [](auto& x) { return matmul(x[0], x[1]); }},
  };
}

std::vector<Use> layers() {
  return {
      {"convolution",
       {{13, 8, 15, 17}, {16, 8, 3, 3}, {16}},
       [](auto& x) { return convolution(x[0], x[1], x[2], {.padding = 1}); }},
      {"by strides",
       {{13, 3, 15, 17}, {5, 3, 3, 3}},
       [](auto& x) { return convolution(x[0], x[1], {.stride = 2}); }},
      {"1 by 1", {{13, 8, 16, 16}, {24, 8, 1, 1}}, [](auto& x) { return convolution(x[0], x[1]); }},
      {"depthwise",
       {{13, 8, 15, 17}, {8, 1, 3, 3}},
       [](auto& x) { return convolution(x[0], x[1], {.padding = 1, .groups = 8}); }},
      {"groups",
       {{13, 8, 15, 17}, {6, 4, 3, 3}},
       [](auto& x) { return convolution(x[0], x[1], {.groups = 2}); }},
      {"of volumes",
       {{5, 3, 7, 8, 9}, {4, 3, 3, 3, 3}},
       [](auto& x) { return convolution(x[0], x[1]); }},
      {"transposed convolution",
       {{13, 8, 9, 7}, {8, 5, 3, 3}},
       [](auto& x) { return transposed_convolution(x[0], x[1], {.stride = 2}); }},
      {"of few images",
       {{2, 8, 33, 35}, {16, 8, 3, 3}},
       [](auto& x) { return convolution(x[0], x[1]); }},
      {"overlapping pools",
       {{13, 8, 15, 17}},
       [](auto& x) {
         return max_pool(x[0], 3, {.stride = 1}) + average_pool(x[0], 3, {.stride = 1});
       }},
      {"max_pool", {{13, 8, 15, 17}}, [](auto& x) { return max_pool(x[0], 2); }},
      {"average_pool", {{13, 8, 15, 17}}, [](auto& x) { return average_pool(x[0], 3); }},
      {"layer_norm", {{301, 67}, {67}, {67}}, [](auto& x) { return layer_norm(x[0], x[1], x[2]); }},
      {"group_norm",
       {{17, 6, 11, 13}, {6}, {6}},
       [](auto& x) { return group_norm(x[0], 3, x[1], x[2]); }},
      {"batch_norm of images",
       {{17, 6, 11, 13}, {6}, {6}},
       [](auto& x) { return batch_norm(x[0], x[1], x[2]).y; }},
      {"batch_norm of rows",
       {{3001, 37}, {37}, {37}},
       [](auto& x) { return batch_norm(x[0], x[1], x[2]).y; }},
      {"attention",
       {{5, 3, 37, 16}, {5, 3, 41, 16}, {5, 3, 41, 8}},
       [](auto& x) { return scaled_dot_product_attention(x[0], x[1], x[2]); }},
      {"causal attention of few heads",
       {{2, 137, 16}, {2, 137, 16}, {2, 137, 8}},
       [](auto& x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.causal = true}); }},
      {"reversed lstm of several lengths",
       {{7, 13, 5}, {48, 5}, {48, 12}, {48}, {48}},
       [](auto& x) {
         return lstm(x[0], {x[1], x[2], x[3], x[4]}, {},
                     {.reverse = true, .lengths = labels(13, 7) + 1})
             .output;
       }},
      {"lstm",
       {{7, 13, 5}, {48, 5}, {48, 12}, {48}, {48}},
       [](auto& x) {
         return lstm(x[0], {x[1], x[2], x[3], x[4]}).output;
       }},
      {"gru",
       {{7, 13, 5}, {36, 5}, {36, 12}, {36}, {36}},
       [](auto& x) {
         return gru(x[0], {x[1], x[2], x[3], x[4]}).output;
       }},
      {"rnn of sequences of several lengths",
       {{7, 13, 5}, {12, 5}, {12, 12}, {12}, {12}},
       [](auto& x) {
         return rnn(x[0], {x[1], x[2], x[3], x[4]}, {}, {.lengths = labels(13, 7) + 1}).output;
       }},
  };
}

void check(const std::vector<Use>& uses) {
  const detail::ShareAll all;
  for (const Use& use : uses) {
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      const auto alone = [&] {
        const Threads one(1);
        return outcome(use, dtype);
      }();
      for (const int count : {2, 3, 4}) {
        const Threads several(count);
        const std::string name = use.name;
        CAPTURE(name);
        CAPTURE(dtype);
        CAPTURE(count);
        CHECK(outcome(use, dtype) == alone);
      }
    }
  }
}

using Optimizer = std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>)>;

/// Parameters after some steps.
std::vector<std::vector<std::byte>> trained(const Optimizer& optimizer) {
  Rng rng(3);
  Tensor w = rng.normal({90, 301}, 0, 1, Dtype::float32).set_requires_grad(true);
  const auto steps = optimizer({w});
  for (int step = 0; step < 4; ++step) {
    steps->zero_grad();
    sum(square(w) * w / (step + 1)).backward();
    steps->step();
  }
  return {bytes_of(w)};
}

}  // namespace

TEST_CASE("threads: elementwise operations have the same bits with any number") {
  check(elementwise());
}
TEST_CASE("threads: reductions have the same bits with any number") { check(reductions()); }
TEST_CASE("threads: products have the same bits with any number") { check(products()); }
TEST_CASE("threads: layers have the same bits with any number") { check(layers()); }

TEST_CASE("threads: steps of optimizers have the same bits with any number") {
  const detail::ShareAll all;
  const auto check_steps = [](const Optimizer& optimizer) {
    const auto alone = [&] {
      const Threads one(1);
      return trained(optimizer);
    }();
    for (const int count : {2, 3}) {
      const Threads several(count);
      CHECK(trained(optimizer) == alone);
    }
  };
  check_steps([](auto w) { return std::make_unique<optim::Adam>(w); });
  check_steps(
      [](auto w) { return std::make_unique<optim::SGD>(w, optim::SGDOptions{.momentum = 0.9}); });
  check_steps([](auto w) { return std::make_unique<optim::Adagrad>(w); });
}

TEST_CASE("threads: steps over rows of a table have the same bits with any number") {
  const detail::ShareAll all;
  const auto table = [] {
    const nn::Embedding words(3001, 33, {.sparse = true}, default_rng());
    Rng rng(5);
    words.weight.assign(rng.normal({3001, 33}, 0, 1, words.weight.dtype()));
    optim::SparseAdam adam(words.parameters());
    for (int step = 0; step < 3; ++step) {
      adam.zero_grad();
      sum(square(words(rng.integers(0, 3001, {2000})))).backward();
      adam.step();
    }
    return bytes_of(words.weight);
  };
  const auto alone = [&] {
    const Threads one(1);
    return table();
  }();
  for (const int count : {2, 3}) {
    const Threads several(count);
    CHECK(table() == alone);
  }
}
