#include <limits>
#include <span>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {

Tensor transposed(const Tensor& x) { return swapaxes(x, -2, -1); }

Shape leading(const Shape& shape) {
  return Shape(std::span(shape.begin(), static_cast<std::size_t>(shape.rank() - 2)));
}

Shape with_tail(Shape leading, std::initializer_list<std::int64_t> tail) {
  for (const std::int64_t extent : tail) leading.push_back(extent);
  return leading;
}

std::int64_t count_of(const Tensor& x) { return leading(x.shape()).size(); }

kernels::Matrices matrices_of(const Tensor& x) {
  return {x.dtype(), count_of(x), x.extent(-2), x.extent(-1)};
}

Tensor floating(const char* op, const Tensor& x) {
  xtape::detail::require_defined(op, "the matrix", x);
  return is_floating(x.dtype()) ? x : x.to(Dtype::float64);
}

Extents extents_of(const Tensor& x) { return {x.extent(-2), x.extent(-1)}; }

void check_matrices(const char* op, const Tensor& a) {
  if (a.rank() >= 2) return;
  throw ShapeError(std::string(op) + ": matrices are needed; got " + a.describe());
}

void check_square(const char* op, const Tensor& a) {
  if (a.rank() >= 2 && a.extent(-1) == a.extent(-2)) return;
  throw ShapeError(std::string(op) + ": square matrices are needed; got " + a.describe());
}

void check(const char* op, const std::optional<kernels::Failure>& failure, const Tensor& a,
           const char* lacks) {
  if (!failure) return;
  const std::string which =
      a.rank() == 2 ? "the matrix"
                    : "matrix " + std::to_string(failure->matrix) + " of " + a.describe();
  throw ValueError(std::string(op) + ": " + which + " is " + lacks + std::to_string(failure->row));
}

void check_finite(const char* op, const Tensor& a) {
  check(op, kernels::not_finite(matrices_of(a), a.body().data), a,
        "infinite or not a number in row ");
}

std::vector<Tensor> unpacked(const Tensor& flat,
                             std::initializer_list<std::initializer_list<std::int64_t>> tails) {
  const Shape front(
      std::span(flat.shape().begin(), static_cast<std::size_t>(flat.shape().rank() - 1)));
  std::vector<std::int64_t> sizes;
  for (const auto& tail : tails) {
    std::int64_t size = 1;
    for (const std::int64_t extent : tail) size *= extent;
    sizes.push_back(size);
  }
  std::vector<Tensor> parts = split_with_sizes(flat, sizes, -1);
  auto tail = tails.begin();
  for (Tensor& part : parts) part = reshape(part, with_tail(front, *tail++));
  return parts;
}

Tensor packed(std::initializer_list<Tensor> parts, std::initializer_list<int> axes) {
  std::vector<Tensor> flat;
  auto own = axes.begin();
  for (const Tensor& part : parts) {
    Shape shape = part.shape();
    std::int64_t size = 1;
    for (int axis = *own++; axis > 0; --axis) {
      size *= shape[shape.rank() - 1];
      shape.erase(shape.rank() - 1);
    }
    flat.push_back(reshape(part, with_tail(shape, {size})));
  }
  return concatenate(flat, -1);
}

Tensor as_column(const Tensor& x) { return expand_dims(x, -1); }
Tensor as_row(const Tensor& x) { return expand_dims(x, -2); }

double epsilon_of(Dtype dtype) {
  return dtype == Dtype::float32 ? double{std::numeric_limits<float>::epsilon()}
                                 : std::numeric_limits<double>::epsilon();
}

Tensor inverse_gaps(const Tensor& x) {
  Tensor gaps = as_row(x) - as_column(x);
  const std::int64_t n = x.extent(-1);
  if (n == 0) return gaps;
  const Tensor uncertain = static_cast<double>(n) * epsilon_of(x.dtype()) *
                           as_row(amax(abs(x.detach()), -1, {.keep_dims = true}));
  const Tensor equal = abs(gaps.detach()) <= uncertain;
  return where(equal, 0, 1 / where(equal, 1, gaps));
}

}  // namespace xtape::linalg
