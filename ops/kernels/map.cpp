#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/gather.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::kernels {
namespace {

constexpr std::int64_t block_size =
    1024;  // elements of a gathered block: three operands and a result fit in L1
constexpr std::int64_t shortest_row =
    128;  // rows from this length on are worth a call of their own
constexpr std::size_t widest_register = 16;  // float32 elements in 64 bytes
constexpr std::int64_t piece_size = 8192;    // elements that threads share work by

/// One operand as the loops see it.
struct Source {
  const std::byte* data;
  Dtype dtype;
  Strides strides;  // along the axes of the result
};

struct Plan {
  BlockFunction function;
  Dtype compute;
  std::byte* y;
  std::int64_t y_element;  // bytes
  Shape shape;             // of the result, neighbouring axes merged where all operands allow it
  std::array<Source, max_operands> sources;
  std::size_t count;
};

/// Position in the outer axes of a shape, with the offset of each operand's row there.
class Odometer {
 public:
  Odometer(const Plan& plan, int axes) : plan_(plan), axes_(axes) {}
  const std::byte* row(std::size_t k) const { return plan_.sources[k].data + offsets_[k]; }
  void next() {
    for (int axis = axes_ - 1; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      ++at_[a];
      for (std::size_t k = 0; k < plan_.count; ++k) offsets_[k] += step(k, a);
      if (at_[a] < plan_.shape[axis]) return;
      for (std::size_t k = 0; k < plan_.count; ++k) offsets_[k] -= step(k, a) * at_[a];
      at_[a] = 0;
    }
  }

 private:
  std::int64_t step(std::size_t k, std::size_t axis) const {
    return plan_.sources[k].strides[axis] *
           static_cast<std::int64_t>(size_of(plan_.sources[k].dtype));
  }
  const Plan& plan_;
  int axes_;
  std::array<std::int64_t, max_rank> at_{};
  std::array<std::int64_t, max_operands> offsets_{};
};

struct Splat {
  alignas(64) std::byte bytes[widest_register * sizeof(float)];
};

/// Fills a register's worth of memory with one value.
const std::byte* splat(Splat& to, const Plan& plan, const std::byte* value, Dtype dtype) {
  gather_kernels().run(to.bytes, plan.compute, value, dtype, 0,
                       static_cast<std::int64_t>(sizeof(to.bytes) / size_of(plan.compute)));
  return to.bytes;
}

/// Whether an operand's elements can be read where they lie, one after another or always the same.
bool direct(const Plan& plan, const Source& source, std::int64_t stride) {
  return stride == 0 || (stride == 1 && source.dtype == plan.compute);
}

/// Row by row of the innermost axis, straight from the operands' memory.
void run_rows(const Plan& plan) {
  const int last = plan.shape.rank() - 1;
  const auto inner = static_cast<std::size_t>(last);
  const std::int64_t length = plan.shape[last];
  const std::int64_t rows = plan.shape.size() / length;
  std::array<Splat, max_operands> splats;
  std::array<const std::byte*, max_operands> x{};
  std::array<std::int64_t, max_operands> step{};
  std::array<const std::byte*, max_operands> splatted{};  // the value that each splat holds
  Odometer position(plan, last);
  for (std::int64_t row = 0; row < rows; ++row, position.next()) {
    for (std::size_t k = 0; k < plan.count; ++k) {
      const Source& source = plan.sources[k];
      step[k] = source.strides[inner];
      x[k] = position.row(k);
      if (step[k] == 0) {
        const std::byte* value = std::exchange(splatted[k], x[k]);
        x[k] = value == x[k] ? splats[k].bytes : splat(splats[k], plan, x[k], source.dtype);
      }
    }
    plan.function(plan.y + row * length * plan.y_element, x.data(), step.data(), length);
  }
}

/// The first `row` bytes again and again, up to `bytes`.
void repeat(std::byte* data, std::int64_t row, std::int64_t bytes) {
  for (std::int64_t filled = row; filled < bytes;) {
    const std::int64_t next = std::min(filled, bytes - filled);
    std::memcpy(data + filled, data, static_cast<std::size_t>(next));
    filled += next;
  }
}

/// Some rows at a time: every operand that does not lie densely is first gathered into a buffer,
/// converted.
class Gathered {
 public:
  explicit Gathered(const Plan& plan);
  void run();

 private:
  /// How an operand comes to a block.
  enum class Way {
    dense,     // it lies as the result does
    repeated,  // all rows of a block are one, which is gathered once
    by_rows,
  };
  void fill(const Odometer& position, std::int64_t count, std::int64_t start, std::int64_t n);
  void gather(std::size_t k, const std::byte* row, std::int64_t start, std::int64_t n,
              std::int64_t place) {
    const Source& source = plan_.sources[k];
    const std::int64_t stride = source.strides[static_cast<std::size_t>(last_)];
    const std::byte* from = row + start * stride * static_cast<std::int64_t>(size_of(source.dtype));
    gather_kernels().run(buffers_[k] + place * element_, plan_.compute, from, source.dtype, stride,
                         n);
  }

  const Plan& plan_;
  int last_;
  std::int64_t length_, element_;
  std::int64_t period_;  // rows that blocks do not go beyond
  bool any_by_rows_ = false;
  std::array<Way, max_operands> ways_{};
  std::array<const std::byte*, max_operands>
      held_{};  // the row in the buffer of a repeated operand
  alignas(64) std::byte buffers_[max_operands][block_size * sizeof(double)];
};

Gathered::Gathered(const Plan& plan)
    : plan_(plan),
      last_(plan.shape.rank() - 1),
      length_(plan.shape[last_]),
      element_(static_cast<std::int64_t>(size_of(plan.compute))),
      period_(plan.shape.size() / length_) {
  constexpr std::int64_t worth = 256;  // elements of a block that is smaller than it could be
  const bool within = last_ > 0 && plan.shape[last_ - 1] * length_ >= worth;
  if (within) period_ = plan.shape[last_ - 1];
  const Strides row_major = row_major_strides(plan.shape);
  for (std::size_t k = 0; k < plan.count; ++k) {
    const Source& source = plan.sources[k];
    const auto end = source.strides.begin() + last_,
               begin = within ? end - 1 : source.strides.begin();
    const bool dense = source.dtype == plan.compute &&
                       std::equal(source.strides.begin(), end + 1, row_major.begin());
    const bool repeated = std::all_of(begin, end, [](auto stride) { return stride == 0; });
    ways_[k] = dense ? Way::dense : repeated ? Way::repeated : Way::by_rows;
    any_by_rows_ = any_by_rows_ || ways_[k] == Way::by_rows;
  }
}

/// n elements, from `start` on, of `count` rows from a position on.
void Gathered::fill(const Odometer& position, std::int64_t count, std::int64_t start,
                    std::int64_t n) {
  for (std::size_t k = 0; k < plan_.count; ++k) {
    if (ways_[k] != Way::repeated) continue;
    const std::byte* const row = position.row(k);
    if (length_ <= block_size && held_[k] == row) continue;  // no block is longer than the first
    gather(k, row, start, n, 0);
    repeat(buffers_[k], n * element_, count * n * element_);
    held_[k] = row;
  }
  if (!any_by_rows_) return;
  Odometer here = position;
  for (std::int64_t i = 0; i < count; ++i, here.next()) {
    for (std::size_t k = 0; k < plan_.count; ++k)
      if (ways_[k] == Way::by_rows) gather(k, here.row(k), start, n, i * n);
  }
}

void Gathered::run() {
  std::array<const std::byte*, max_operands> x{};
  std::array<std::int64_t, max_operands> step{};
  step.fill(1);
  for (std::size_t k = 0; k < plan_.count; ++k)
    x[k] = ways_[k] == Way::dense ? plan_.sources[k].data : buffers_[k];
  const std::int64_t chunk = std::min(length_, block_size);
  const std::int64_t rows_in_block = std::max<std::int64_t>(1, block_size / length_);
  const std::int64_t rows = plan_.shape.size() / length_;
  Odometer position(plan_, last_);
  for (std::int64_t row = 0, count = 0; row < rows; row += count) {
    count = std::min({rows_in_block, rows - row, period_ - row % period_});
    for (std::int64_t start = 0; start < length_; start += chunk) {
      const std::int64_t n = std::min(chunk, length_ - start);
      fill(position, count, start, n);
      plan_.function(plan_.y + (row * length_ + start) * plan_.y_element, x.data(), step.data(),
                     count * n);
      for (std::size_t k = 0; k < plan_.count; ++k)
        if (ways_[k] == Way::dense) x[k] += count * n * element_;
    }
    for (std::int64_t i = 0; i < count; ++i) position.next();
  }
}

/// The function over dense results; operands of step 0 are constants.
void run_contiguous(BlockFunction function, Dtype compute, const detail::Body& y,
                    const std::array<const std::byte*, max_operands>& x,
                    const std::array<std::int64_t, max_operands>& step, std::size_t count) {
  const auto element = static_cast<std::int64_t>(size_of(compute)),
             y_element = static_cast<std::int64_t>(size_of(y.dtype));
  detail::parallel_for(y.size, piece_size, [&](std::int64_t first, std::int64_t last) {
    std::array<const std::byte*, max_operands> from;
    for (std::size_t k = 0; k < count; ++k) from[k] = x[k] + first * step[k] * element;
    function(y.data + first * y_element, from.data(), step.data(), last - first);
  });
}

/// Operands that lie as the result does: the common case.
bool run_dense(BlockFunction function, Dtype compute, const detail::Body& y,
               std::span<const Tensor* const> operands) {
  constexpr std::array<std::int64_t, max_operands> step{1, 1, 1, 1};
  std::array<const std::byte*, max_operands> x;
  std::size_t k = 0;
  for (const Tensor* operand : operands) {
    const detail::Body& body = operand->body();
    if (body.size != y.size || body.dtype != compute || !body.contiguous) return false;
    x[k++] = body.data;
  }
  run_contiguous(function, compute, y, x, step, k);
  return true;
}

/// Some of them of one value instead.
bool run_flat(BlockFunction function, Dtype compute, const detail::Body& y,
              std::span<const Tensor* const> operands) {
  std::array<const std::byte*, max_operands> x;
  std::array<std::int64_t, max_operands> step;
  alignas(64) std::byte constants[max_operands][64];
  std::size_t k = 0;
  for (const Tensor* operand : operands) {
    const detail::Body& body = operand->body();
    if (body.dtype != compute || !body.contiguous) return false;
    if (body.size == y.size) {
      x[k] = body.data;
      step[k] = 1;
    } else if (body.size == 1) {
      gather_kernels().run(constants[k], compute, body.data, body.dtype, 0,
                           static_cast<std::int64_t>(64 / size_of(compute)));
      x[k] = constants[k];
      step[k] = 0;
    } else {
      return false;
    }
    ++k;
  }
  run_contiguous(function, compute, y, x, step, k);
  return true;
}

/// A formula of two truth values, by what it yields for each pair of them.
bool run_truths(BlockFunction function, const detail::Body& y,
                std::span<const Tensor* const> operands) {
  constexpr std::int64_t few = 64;  // that take no longer as numbers
  if (y.dtype != Dtype::boolean || y.size < few || operands.size() != 2) return false;
  for (const Tensor* operand : operands) {
    const detail::Body& body = operand->body();
    if (body.dtype != Dtype::boolean || body.size != y.size || !body.contiguous) return false;
  }
  constexpr std::int64_t a[] = {0, 1, 0, 1}, b[] = {0, 0, 1, 1}, step[] = {1, 1};
  const std::byte* const pairs[] = {reinterpret_cast<const std::byte*>(a),
                                    reinterpret_cast<const std::byte*>(b)};
  bool results[4];
  function(reinterpret_cast<std::byte*>(results), pairs, step, 4);
  gather_kernels().truths(operands[0]->body().elements<const bool>(),
                          operands[1]->body().elements<const bool>(), y.elements<bool>(), y.size,
                          results);
  return true;
}

Strides broadcast_strides(const detail::Body& body, const Shape& shape) {
  Strides strides{};
  const int offset = shape.rank() - body.shape.rank();
  for (int axis = 0; axis < body.shape.rank(); ++axis) {
    if (body.shape[axis] == 1) continue;
    const auto own = static_cast<std::size_t>(axis);
    strides[own + static_cast<std::size_t>(offset)] = body.strides[own];
  }
  return strides;
}

void merge_axes(Plan& plan) {
  Strides y = row_major_strides(plan.shape);
  std::array<Strides*, max_operands> strides;
  for (std::size_t k = 0; k < max_operands; ++k)
    strides[k] = k < plan.count ? &plan.sources[k].strides : &y;
  static_assert(max_operands == 4);
  coalesce(plan.shape, {&y, strides[0], strides[1], strides[2], strides[3]});
}

/// What the places [first, last) of the outermost axis take.
Plan part_of(Plan plan, std::int64_t first, std::int64_t last) {
  plan.y += first * (plan.shape.size() / plan.shape[0]) * plan.y_element;
  plan.shape[0] = last - first;
  for (std::size_t k = 0; k < plan.count; ++k) {
    Source& source = plan.sources[k];
    source.data += first * source.strides[0] * static_cast<std::int64_t>(size_of(source.dtype));
  }
  return plan;
}

/// Whatever they are.
void run_planned(Plan plan, std::span<const Tensor* const> operands) {
  for (const Tensor* operand : operands) {
    const detail::Body& body = operand->body();
    plan.sources[plan.count++] = {body.data, body.dtype, broadcast_strides(body, plan.shape)};
  }
  merge_axes(plan);
  if (plan.shape.rank() == 0) plan.shape.push_back(1);
  const int last = plan.shape.rank() - 1;
  const bool rows =
      (last == 0 || plan.shape[last] >= shortest_row) &&
      std::all_of(plan.sources.begin(), plan.sources.begin() + plan.count,
                  [&](const Source& source) {
                    return direct(plan, source, source.strides[static_cast<std::size_t>(last)]);
                  });
  const auto run = [rows](const Plan& part) { rows ? run_rows(part) : Gathered(part).run(); };
  const std::int64_t outermost = plan.shape[0], each = plan.shape.size() / outermost;
  const std::int64_t piece = std::max<std::int64_t>(1, piece_size / each);
  detail::parallel_for(outermost, piece, [&](std::int64_t first, std::int64_t end) {
    if (end - first == outermost) return run(plan);
    run(part_of(plan, first, end));
  });
}

}  // namespace

void map(const MapKernel& kernel, Dtype compute, const Tensor& y,
         std::span<const Tensor* const> operands) {
  const detail::Body& result = y.body();
  if (result.size == 0) return;
  const BlockFunction function = kernel.of(compute);
  if (run_truths(function, result, operands)) return;
  if (run_dense(function, compute, result, operands)) return;
  if (run_flat(function, compute, result, operands)) return;
  run_planned({function,
               compute,
               result.data,
               static_cast<std::int64_t>(size_of(result.dtype)),
               result.shape,
               {},
               0},
              operands);
}

}  // namespace xtape::kernels
