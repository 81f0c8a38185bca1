#include <algorithm>
#include <optional>
#include <span>

#include <xtape/core/body.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/multiply.hpp>

namespace xtape::detail {
namespace {

/// The last two axes as the matrix that BLAS can read, if rows or columns lie densely.
struct Last {
  std::int64_t rows, columns, row, column;  // extents and strides

  explicit Last(const Body& x)
      : rows(x.shape[x.shape.rank() - 2]),
        columns(x.shape[x.shape.rank() - 1]),
        row(x.strides[static_cast<std::size_t>(x.shape.rank() - 2)]),
        column(x.strides[static_cast<std::size_t>(x.shape.rank() - 1)]) {}

  bool dense_rows() const { return (column == 1 || columns == 1) && (row >= columns || rows == 1); }
  bool dense_columns() const { return (row == 1 || rows == 1) && (column >= rows || columns == 1); }
  /// A copy costs less than a product, and gives the bits that a dense one does.
  bool is_strided_vector() const {
    return rows == 1 ? columns > 1 && column != 1 : columns == 1 && row != 1;
  }
  kernels::Matrix at(const std::byte* data) const {
    const auto stride = [](std::int64_t step, std::int64_t steps, std::int64_t length) {
      return std::max<std::int64_t>({steps == 1 ? 1 : step, length, 1});
    };
    if (dense_rows()) return {data, stride(row, rows, columns), false};
    return {data, stride(column, columns, rows), true};
  }
};

/// The matrices of an operand, by the places of the leading axes, counted row-major.
class Matrices {
 public:
  Matrices(const Tensor& x, const Shape& places)
      : x_(readable(x, made_).body()), last_(x_), first_(last_.at(x_.data)), places_(places) {
    std::int64_t inner = 1;
    for (int axis = places.rank() - 1; axis >= 0; --axis) {
      if (inner == 1) step_ = stride(axis);
      even_ = even_ && (places[axis] == 1 || stride(axis) == step_ * inner);
      inner *= places[axis];
    }
  }
  Matrices(const Matrices&) = delete;
  Matrices& operator=(const Matrices&) = delete;

  const Last& last() const { return last_; }
  kernels::Matrix operator[](std::int64_t place) const {
    return {data(place), first_.stride, first_.transposed};
  }
  const std::byte* data(std::int64_t place) const {
    const std::int64_t elements = even_ ? place * step_ : offset(place);
    return x_.data + elements * static_cast<std::int64_t>(size_of(x_.dtype));
  }

 private:
  static const Tensor& readable(const Tensor& x, Tensor& made) {
    const Last last(x.body());
    return (last.dense_rows() || last.dense_columns()) && !last.is_strided_vector()
               ? x
               : made = x.contiguous();
  }
  /// Of a leading axis; strides and offsets count elements.
  std::int64_t stride(int axis) const {
    const int own = axis - places_.rank() + x_.shape.rank() - 2;
    return own >= 0 && x_.shape[own] != 1 ? x_.strides[static_cast<std::size_t>(own)] : 0;
  }
  std::int64_t offset(std::int64_t place) const {
    std::int64_t offset = 0;
    for (int axis = places_.rank() - 1; axis >= 0; --axis) {
      offset += place % places_[axis] * stride(axis);
      place /= places_[axis];
    }
    return offset;
  }

  Tensor made_;
  const Body& x_;
  Last last_;
  kernels::Matrix first_;
  const Shape& places_;
  std::int64_t step_ = 0;
  bool even_ = true;  // each matrix lies `step_` behind the one before
};

}  // namespace

const Tensor& as_rows(const Tensor& x, Tensor& made) {
  if (x.rank() == 2) return x;
  const std::int64_t rows = count_of({x.shape().begin(), x.shape().end() - 1});
  return made = reshape(x, {rows, x.extent(-1)});
}

bool multiplies_rows(const Shape& w, const Tensor& x) {
  return w.rank() == 2 && x.rank() > 2 && x.is_contiguous();
}

void multiply(const Tensor& y, const Tensor& left, const Tensor& right, const Tensor* bias,
              const kernels::Epilogue& epilogue) {
  const NoGradGuard off;
  if (y.size() == 0) return;
  const bool one_bias = bias == nullptr || bias->rank() == 1;
  Tensor made[2];
  const Tensor& rows =
      one_bias && multiplies_rows(right.shape(), left) ? as_rows(left, made[0]) : left;
  const bool is_one = rows.rank() == 2 && right.rank() == 2 && one_bias;
  const Shape places = is_one ? Shape() : Shape(std::span(y.shape().begin(), y.shape().end() - 2));
  const Matrices a(rows, places), b(right, places);
  const std::int64_t m = a.last().rows, k = a.last().columns, n = b.last().columns;
  const std::int64_t bytes = m * n * static_cast<std::int64_t>(size_of(y.dtype()));

  std::optional<Matrices> biases;
  const std::byte* added = nullptr;
  if (bias != nullptr) {
    const Tensor& dense = bias->is_contiguous() ? *bias : made[1] = bias->contiguous();
    added = dense.body().data;
    if (!one_bias) biases.emplace(dense, places);
  }
  const auto products = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::byte* row = biases ? biases->data(i) : added;
      std::byte* to = y.body().data + i * bytes;
      if (epilogue.kind == kernels::Epilogue::Kind::none) {
        kernels::gemm(y.dtype(), m, n, k, a[i], b[i], row, to);
      } else {
        const auto* others = epilogue.other == nullptr ? nullptr : epilogue.other + i * bytes;
        kernels::gemm_then(y.dtype(), m, n, k, a[i], b[i], row, to, {epilogue.kind, others});
      }
    }
  };
  if (places.size() < threads()) return products(0, places.size());  // they share each
  const double of_all = static_cast<double>(y.size()) * static_cast<double>(k);
  parallel_for(places.size(), 1, time_of_products(of_all), products);
}

}  // namespace xtape::detail
