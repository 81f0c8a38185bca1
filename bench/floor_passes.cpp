#include "floor_passes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <xsimd/xsimd.hpp>

#include "workloads.hpp"

namespace bench {
namespace {

using Batch = xsimd::batch<float>;
using Bits = xsimd::batch<std::uint32_t>;
constexpr auto lanes = static_cast<std::int64_t>(Batch::size);

Batch load(const float* p) { return Batch::load_aligned(p); }

float lane_sum(Batch x) {
  alignas(64) std::array<float, Batch::size> values;
  x.store_aligned(values.data());
  float sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

/// 0, 1, 2, ...
template <class T>
xsimd::batch<T> lane_indices() {
  alignas(64) std::array<T, xsimd::batch<T>::size> indices;
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<T>(i);
  return xsimd::batch<T>::load_aligned(indices.data());
}

/// A counter-based generator: the 32-bit mixer found by C. Wellons (hash-prospector, 2018) of a
/// counter.
Bits hash(Bits x) {
  x = (x ^ (x >> 16)) * Bits(0x7feb352dU);
  x = (x ^ (x >> 15)) * Bits(0x846ca68bU);
  return x ^ (x >> 16);
}

}  // namespace

void bias_relu(float* h, const float* bias, std::int64_t rows, std::int64_t columns,
               Dropout dropout) {
  const Batch zero(0.0F);
  if (dropout.rate == 0) {
    for (std::int64_t row = 0; row < rows; ++row, h += columns) {
      for (std::int64_t c = 0; c < columns; c += lanes) {
        xsimd::max(load(h + c) + load(bias + c), zero).store_aligned(h + c);
      }
    }
    return;
  }
  const Batch scale(1 / (1 - dropout.rate));
  const Batch threshold(dropout.rate * 0x1p24F);
  Bits counter = lane_indices<std::uint32_t>() + Bits(dropout.key);
  for (std::int64_t row = 0; row < rows; ++row, h += columns) {
    for (std::int64_t c = 0; c < columns; c += lanes) {
      const auto keep = xsimd::batch_cast<float>(hash(counter) >> 8) >= threshold;
      const Batch y = xsimd::max(load(h + c) + load(bias + c), zero) * scale;
      xsimd::select(keep, y, zero).store_aligned(h + c);
      counter = counter + Bits(static_cast<std::uint32_t>(lanes));
    }
  }
}

void relu_backward(float* g, const float* h, float* bias_gradient, std::int64_t rows,
                   std::int64_t columns, float scale) {
  constexpr std::int64_t block = 4;  // rows whose sums meet in a register
  const Batch zero(0.0F);
  const Batch factor(scale);
  std::fill_n(bias_gradient, columns, 0.0F);
  for (std::int64_t row = 0; row < rows; row += block) {
    const std::int64_t end = std::min(block, rows - row) * columns;
    for (std::int64_t c = 0; c < columns; c += lanes) {
      Batch sum = load(bias_gradient + c);
      for (std::int64_t i = c; i < end; i += columns) {
        const Batch dz = xsimd::select(load(h + i) > zero, load(g + i) * factor, zero);
        dz.store_aligned(g + i);
        sum += dz;
      }
      sum.store_aligned(bias_gradient + c);
    }
    g += end;
    h += end;
  }
}

namespace {

/// One lane a row: its label as a float, and 1 / rows, or -1 and 0 in lanes beyond the last row.
struct TileRows {
  Batch label;
  Batch weight;
};

/// Replaces the logits of a tile [classes, lanes] by weight (softmax - onehot) down the classes,
/// adds that to sums, which has the tile's shape, and returns weight times the cross-entropy of
/// each lane.
Batch softmax_tile(float* tile, float* sums, std::int64_t classes, TileRows rows) {
  const std::int64_t end = classes * lanes;
  const Batch zero(0.0F);
  Batch top = load(tile);
  for (std::int64_t i = lanes; i < end; i += lanes) top = xsimd::max(top, load(tile + i));
  Batch sum(0.0F);
  Batch chosen(0.0F);
  for (std::int64_t c = 0; c < classes; ++c) {
    const Batch shifted = load(tile + c * lanes) - top;
    const auto is_label = rows.label == Batch(static_cast<float>(c));
    const Batch e = xsimd::exp(shifted);
    e.store_aligned(tile + c * lanes);
    sum += e;
    chosen += xsimd::select(is_label, shifted, zero);
  }
  const Batch factor = rows.weight / sum;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto is_label = rows.label == Batch(static_cast<float>(c));
    const Batch onehot = xsimd::select(is_label, rows.weight, zero);
    const Batch g = xsimd::fms(load(tile + c * lanes), factor, onehot);
    g.store_aligned(tile + c * lanes);
    (load(sums + c * lanes) + g).store_aligned(sums + c * lanes);
  }
  return rows.weight * (xsimd::log(sum) - chosen);
}

TileRows tile_rows(const std::int64_t* labels, std::int64_t filled, float weight) {
  alignas(64) std::array<float, Batch::size> label;
  label.fill(-1);
  for (std::int64_t r = 0; r < filled; ++r)
    label[static_cast<std::size_t>(r)] = static_cast<float>(labels[r]);
  const Batch numbers = load(label.data());
  const Batch zero(0.0F);
  return {.label = numbers, .weight = xsimd::select(numbers >= zero, Batch(weight), zero)};
}

}  // namespace

float softmax_cross_entropy(float* z, const float* bias, const std::int64_t* labels,
                            std::int64_t rows, std::int64_t classes, float* bias_gradient,
                            float* scratch) {
  float* tile = scratch;
  float* sums = scratch + classes * lanes;
  std::fill_n(scratch, 2 * classes * lanes, 0.0F);
  Batch losses(0.0F);
  for (std::int64_t row = 0; row < rows; row += lanes, z += lanes * classes) {
    const std::int64_t filled = std::min(lanes, rows - row);
    for (std::int64_t r = 0; r < filled; ++r) {
      for (std::int64_t c = 0; c < classes; ++c) tile[c * lanes + r] = z[r * classes + c] + bias[c];
    }
    losses += softmax_tile(tile, sums, classes,
                           tile_rows(labels + row, filled, 1 / static_cast<float>(rows)));
    for (std::int64_t r = 0; r < filled; ++r) {
      for (std::int64_t c = 0; c < classes; ++c) z[r * classes + c] = tile[c * lanes + r];
    }
  }
  for (std::int64_t c = 0; c < classes; ++c) bias_gradient[c] = lane_sum(load(sums + c * lanes));
  return lane_sum(losses);
}

float sigmoid_cross_entropy(float* z, float bias, const float* targets, std::int64_t count,
                            float* bias_gradient) {
  const Batch weight(1 / static_cast<float>(count));
  const Batch zero(0.0F);
  const Batch one(1.0F);
  Batch losses(0.0F);
  Batch gradients(0.0F);
  const auto pass = [&](Batch x, Batch target) {
    const Batch e = xsimd::exp(-xsimd::abs(x));
    losses += xsimd::max(x, zero) - x * target + xsimd::log1p(e);
    const Batch g = (xsimd::select(x >= zero, one, e) / (one + e) - target) * weight;
    gradients += g;
    return g;
  };
  const std::int64_t whole = count - count % lanes;
  for (std::int64_t i = 0; i < whole; i += lanes) {
    pass(load(z + i) + Batch(bias), load(targets + i)).store_aligned(z + i);
  }
  float loss = lane_sum(losses);
  *bias_gradient = lane_sum(gradients);
  for (std::int64_t i = whole; i < count; ++i) {
    const float x = z[i] + bias;
    const float e = std::exp(-std::abs(x));
    loss += std::max(x, 0.0F) - x * targets[i] + std::log1p(e);
    z[i] = ((x >= 0 ? 1 : e) / (1 + e) - targets[i]) / static_cast<float>(count);
    *bias_gradient += z[i];
  }
  return loss / static_cast<float>(count);
}

float adam(float* p, const float* g, float* m, float* v, std::int64_t count, AdamStep step) {
  const Batch b1(beta1), b2(beta2), rest1(1 - beta1), rest2(1 - beta2);
  const Batch rate(step.rate), correction2(step.correction2), eps(epsilon), pull(2 * step.l2);
  const auto pass = [&](std::int64_t i, Batch weight, Batch gradient) {
    const Batch first = xsimd::fma(b1, load(m + i), rest1 * gradient);
    const Batch second = xsimd::fma(b2, load(v + i), rest2 * gradient * gradient);
    first.store_aligned(m + i);
    second.store_aligned(v + i);
    const Batch change = rate * first / (xsimd::sqrt(second * correction2) + eps);
    (weight - change).store_aligned(p + i);
  };
  if (step.l2 == 0) {
    for (std::int64_t i = 0; i < count; i += lanes) pass(i, load(p + i), load(g + i));
    return 0;
  }
  Batch squares(0.0F);
  for (std::int64_t i = 0; i < count; i += lanes) {
    const Batch weight = load(p + i);
    squares = xsimd::fma(weight, weight, squares);
    pass(i, weight, xsimd::fma(pull, weight, load(g + i)));
  }
  return lane_sum(squares);
}

}  // namespace bench
