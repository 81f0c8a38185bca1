#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <xtape/core/kernels/add.hpp>
#include <xtape/core/kernels/row_sums.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/indexed_rows.hpp>

namespace xtape::kernels {
namespace {

template <class T>
using List = std::vector<T, memory::Allocator<T>>;

/// Rows of one element, of bytes as many as an Element.
template <class Element>
void take_elements(const IndexedRows& rows, const std::byte* x, std::byte* y) {
  constexpr std::int64_t size = sizeof(Element);
  for (std::int64_t i = 0; i < rows.outer; ++i, x += rows.count * size) {
#pragma GCC unroll 4
    for (const std::int64_t at : rows.indices) {
      std::memcpy(y, x + at * size, sizeof(Element));
      y += size;
    }
  }
}

template <class Sum, class T>
Sum added(Sum sum, T x) {
  return static_cast<Sum>(sum + static_cast<Sum>(x));
}

/// sum += x, n elements of a row.
template <class Sum, class T>
void add_row(Sum* sum, const T* x, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) sum[k] = added(sum[k], x[k]);
}
void add_row(float* sum, const float* x, std::int64_t n) {
  chosen<AddKernels>().float32(sum, sum, x, n);
}
void add_row(double* sum, const double* x, std::int64_t n) {
  chosen<AddKernels>().float64(sum, sum, x, n);
}
void add_row(double* sum, const float* x, std::int64_t n) {
  chosen<AddKernels>().widening(sum, sum, x, n);
}

template <class Sum, class T>
void add(const IndexedRows& rows, const T* x, Sum* sum) {
  for (std::int64_t i = 0; i < rows.outer; ++i, sum += rows.count * rows.inner) {
    if (rows.inner == 1) {
#pragma GCC unroll 4
      for (const std::int64_t at : rows.indices) sum[at] = added(sum[at], *x++);
      continue;
    }
    for (const std::int64_t at : rows.indices) {
      add_row(sum + at * rows.inner, x, rows.inner);
      x += rows.inner;
    }
  }
}

/// sum += the terms of one row, of those `offset` behind the first; in `wide`, of that width, if
/// there are more than two: of two the sum is that of float64, rounded.
void add_terms(std::span<const NamedRow> terms, std::int64_t offset, std::int64_t width, float* sum,
               double* wide) {
  const auto values = [offset](const NamedRow& term) {
    return reinterpret_cast<const float*>(term.values) + offset;
  };
  if (terms.size() <= 2) {
    for (const NamedRow& term : terms) add_row(sum, values(term), width);
    return;
  }
  std::fill_n(wide, width, 0.0);
  for (const NamedRow& term : terms) add_row(wide, values(term), width);
  std::transform(wide, wide + width, sum, [](double x) { return static_cast<float>(x); });
}

/// By sums of all rows.
void add_to_all_wide(const IndexedRows& rows, const float* x, float* sum) {
  const IndexedRows one{1, rows.count, rows.inner, rows.indices};
  List<double> sums(static_cast<std::size_t>(rows.count * rows.inner));
  for (std::int64_t i = 0; i < rows.outer; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    add(one, x, sums.data());
    x += std::ssize(rows.indices) * rows.inner;
    sum = std::transform(sums.begin(), sums.end(), sum,
                         [](double total) { return static_cast<float>(total); });
  }
}

}  // namespace

void take_rows(const IndexedRows& rows, std::size_t element_bytes, const std::byte* x,
               std::byte* y) {
  const std::int64_t row_bytes = rows.inner * static_cast<std::int64_t>(element_bytes);
  if (row_bytes == 4) return take_elements<float>(rows, x, y);
  if (row_bytes == 8) return take_elements<double>(rows, x, y);
  for (std::int64_t i = 0; i < rows.outer; ++i, x += rows.count * row_bytes) {
    for (const std::int64_t at : rows.indices) {
      std::memcpy(y, x + at * row_bytes, static_cast<std::size_t>(row_bytes));
      y += row_bytes;
    }
  }
}

void add_rows(const IndexedRows& rows, Dtype dtype, const std::byte* x, Dtype sum_dtype,
              std::byte* sum) {
  visit(sum_dtype, [&]<class Sum>(TypeTag<Sum>) {
    visit(dtype, [&]<class T>(TypeTag<T>) {
      if constexpr (std::is_same_v<T, Sum> ||
                    (std::is_same_v<T, float> && std::is_same_v<Sum, double>))
        add(rows, reinterpret_cast<const T*>(x), reinterpret_cast<Sum*>(sum));
    });
  });
}

void add_rows_wide(const IndexedRows& rows, const float* x, float* sum) {
  constexpr std::int64_t narrow = 16;
  const std::int64_t n = std::ssize(rows.indices);
  if (rows.inner < narrow && rows.count <= n) return add_to_all_wide(rows, x, sum);
  NamedRows sorted(rows.indices.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = rows.indices[static_cast<std::size_t>(i)];
    sorted[static_cast<std::size_t>(i)] = {row,
                                           reinterpret_cast<const std::byte*>(x + i * rows.inner)};
  }
  sort_rows(sorted, rows.count);
  List<double> wide(static_cast<std::size_t>(rows.inner));
  for (std::int64_t i = 0; i < rows.outer; ++i, sum += rows.count * rows.inner) {
    for (auto first = sorted.begin(); first != sorted.end();) {
      const auto last = std::find_if(first, sorted.end(), [first](const NamedRow& row) {
        return row.number != first->number;
      });
      add_terms({first, last}, i * n * rows.inner, rows.inner, sum + first->number * rows.inner,
                wide.data());
      first = last;
    }
  }
}

}  // namespace xtape::kernels
