#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

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
    for (const std::int64_t at : rows.indices) {
      std::memcpy(y, x + at * size, sizeof(Element));
      y += size;
    }
  }
}

template <class Sum, class T>
void add(const IndexedRows& rows, const T* x, Sum* sum) {
  for (std::int64_t i = 0; i < rows.outer; ++i, sum += rows.count * rows.inner) {
    for (const std::int64_t at : rows.indices) {
      Sum* row = sum + at * rows.inner;
      for (std::int64_t k = 0; k < rows.inner; ++k)
        row[k] = static_cast<Sum>(row[k] + static_cast<Sum>(x[k]));
      x += rows.inner;
    }
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
  List<std::int64_t> named, number(static_cast<std::size_t>(rows.count), -1), numbers;
  for (const std::int64_t row : rows.indices) {
    std::int64_t& own = number[static_cast<std::size_t>(row)];
    if (own < 0) own = std::ssize(named), named.push_back(row);
    numbers.push_back(own);
  }
  const IndexedRows one{1, std::ssize(named), rows.inner, numbers};
  List<double> sums(static_cast<std::size_t>(one.count * one.inner));
  for (std::int64_t i = 0; i < rows.outer; ++i, sum += rows.count * rows.inner) {
    std::fill(sums.begin(), sums.end(), 0.0);
    add(one, x, sums.data());
    x += std::ssize(numbers) * rows.inner;
    const double* total = sums.data();
    for (const std::int64_t row : named) {
      for (std::int64_t k = 0; k < rows.inner; ++k)
        sum[row * rows.inner + k] = static_cast<float>(*total++);
    }
  }
}

}  // namespace xtape::kernels
