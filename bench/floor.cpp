#include "floor.hpp"

#include <cblas.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "floor_passes.hpp"

namespace bench {
namespace {

std::int64_t padded(std::int64_t count) {
  return (count + alignment_floats - 1) / alignment_floats * alignment_floats;
}

/// Aligned to huge pages: the larger networks' parameters do not fit the first-level TLB in small
/// ones.
float* allocate(std::int64_t floats) {
  constexpr std::size_t huge_page = 2U << 20U;
  const auto pages = (static_cast<std::size_t>(floats) * sizeof(float) + huge_page - 1) / huge_page;
  void* block = std::aligned_alloc(huge_page, pages * huge_page);
  if (block == nullptr) throw std::bad_alloc();
  madvise(block, pages * huge_page, MADV_HUGEPAGE);
  return static_cast<float*>(block);
}

int extent(std::int64_t n) { return static_cast<int>(n); }

/// c [m, n] = a [m, k] b [k, n]
void multiply(const float* a, const float* b, float* c, std::int64_t m, std::int64_t k,
              std::int64_t n) {
  if (n == 1) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, extent(m), extent(k), 1, a, extent(k), b, 1, 0, c, 1);
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, extent(m), extent(n), extent(k), 1, a,
              extent(k), b, extent(n), 0, c, extent(n));
}

/// c [k, n] = a [m, k] transposed times g [m, n]
void multiply_first_transposed(const float* a, const float* g, float* c, std::int64_t m,
                               std::int64_t k, std::int64_t n) {
  if (n == 1) {
    cblas_sgemv(CblasRowMajor, CblasTrans, extent(m), extent(k), 1, a, extent(k), g, 1, 0, c, 1);
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, extent(k), extent(n), extent(m), 1, a,
              extent(k), g, extent(n), 0, c, extent(n));
}

/// c [m, k] = g [m, n] times b [k, n] transposed
void multiply_second_transposed(const float* g, const float* b, float* c, std::int64_t m,
                                std::int64_t k, std::int64_t n) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, extent(m), extent(k), extent(n), 1, g,
              extent(n), b, extent(n), 0, c, extent(k));
}

}  // namespace

FloorMlp::FloorMlp(const Problem& problem)
    : problem_(&problem),
      samples_(problem.workload.samples),
      targets_(problem.labels.begin(), problem.labels.end()) {
  const auto& widths = problem.workload.widths;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0 && widths[i] % alignment_floats != 0) {
      throw std::invalid_argument("the floor needs hidden widths that are multiples of 16");
    }
    layers_.push_back({.inputs = widths[i], .outputs = widths[i + 1]});
  }
  memory_.reset(allocate(place_buffers(nullptr)));
  place_buffers(memory_.get());
  set_initial_values();
}

/// Gives every buffer its piece of the block and returns the floats taken; without a block it only
/// counts.
std::int64_t FloorMlp::place_buffers(float* block) {
  std::int64_t used = 0;
  const auto take = [&](std::int64_t count) {
    float* piece = block == nullptr ? nullptr : block + used;
    used += padded(count);
    return piece;
  };
  const auto take_like_parameters = [&](auto weight, auto bias) {
    for (Layer& layer : layers_) {
      layer.*weight = take(layer.inputs * layer.outputs);
      layer.*bias = take(layer.outputs);
    }
  };
  parameters_ = block;
  take_like_parameters(&Layer::weight, &Layer::bias);
  parameter_count_ = used;
  gradients_ = take(0);
  take_like_parameters(&Layer::weight_gradient, &Layer::bias_gradient);
  first_moments_ = take(parameter_count_);
  second_moments_ = take(parameter_count_);
  scratch_ = take(2 * layers_.back().outputs * alignment_floats);
  for (Layer& layer : layers_) {
    layer.output = take(samples_ * layer.outputs);
    layer.output_gradient = take(samples_ * layer.outputs);
  }
  return used;
}

void FloorMlp::set_initial_values() {
  std::fill_n(parameters_, parameter_count_, 0.0F);
  std::fill_n(gradients_, parameter_count_, 0.0F);
  std::fill_n(first_moments_, parameter_count_, 0.0F);
  std::fill_n(second_moments_, parameter_count_, 0.0F);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    std::ranges::copy(problem_->weights[i], layers_[i].weight);
  }
}

float FloorMlp::step() {
  forward();
  float loss = loss_and_gradient();
  backward();
  loss += update();
  ++steps_;
  return loss;
}

Dropout FloorMlp::dropout(const Layer& layer) const {
  if (&layer != &layers_.front()) return {};
  return {.rate = problem_->workload.dropout,
          .key = static_cast<std::uint32_t>(steps_ * samples_ * layer.outputs)};
}

void FloorMlp::forward() {
  const float* input = problem_->inputs.data();
  for (Layer& layer : layers_) {
    multiply(input, layer.weight, layer.output, samples_, layer.inputs, layer.outputs);
    if (&layer == &layers_.back()) break;  // the loss adds the last bias
    bias_relu(layer.output, layer.bias, samples_, layer.outputs, dropout(layer));
    input = layer.output;
  }
}

float FloorMlp::loss_and_gradient() {
  Layer& last = layers_.back();
  if (problem_->workload.loss == Loss::softmax_cross_entropy) {
    return softmax_cross_entropy(last.output, last.bias, problem_->labels.data(), samples_,
                                 last.outputs, last.bias_gradient, scratch_);
  }
  return sigmoid_cross_entropy(last.output, *last.bias, targets_.data(), samples_,
                               last.bias_gradient);
}

void FloorMlp::backward() {
  const float* gradient = layers_.back().output;
  for (std::size_t i = layers_.size(); i-- > 1;) {
    const Layer& layer = layers_[i];
    Layer& below = layers_[i - 1];
    multiply_first_transposed(below.output, gradient, layer.weight_gradient, samples_, layer.inputs,
                              layer.outputs);
    multiply_second_transposed(gradient, layer.weight, below.output_gradient, samples_,
                               layer.inputs, layer.outputs);
    relu_backward(below.output_gradient, below.output, below.bias_gradient, samples_, below.outputs,
                  1 / (1 - dropout(below).rate));
    gradient = below.output_gradient;
  }
  const Layer& first = layers_.front();
  multiply_first_transposed(problem_->inputs.data(), gradient, first.weight_gradient, samples_,
                            first.inputs, first.outputs);
}

/// Adam over all parameters; returns the L2 penalty of the parameters before the update.
float FloorMlp::update() {
  const Workload& workload = problem_->workload;
  const double time = static_cast<double>(steps_ + 1);
  const double rate = workload.learning_rate / (1 + workload.decay * static_cast<double>(steps_));
  AdamStep step{.rate = static_cast<float>(rate / (1 - std::pow(beta1, time))),
                .correction2 = static_cast<float>(1 / (1 - std::pow(beta2, time))),
                .l2 = workload.l2};
  const std::int64_t decayed = workload.l2 == 0 ? 0 : layers_[1].weight - parameters_;
  const float squares =
      adam(parameters_, gradients_, first_moments_, second_moments_, decayed, step);
  step.l2 = 0;
  adam(parameters_ + decayed, gradients_ + decayed, first_moments_ + decayed,
       second_moments_ + decayed, parameter_count_ - decayed, step);
  return workload.l2 * squares;
}

}  // namespace bench
