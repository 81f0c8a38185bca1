#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include <xtape/core/dtype.hpp>
#include <xtape/core/memory.hpp>

namespace xtape::kernels {

/// A row of a table by its number, and where what is added to it lies.
struct NamedRow {
  std::int64_t number;
  const std::byte* values;
};
using NamedRows = std::vector<NamedRow, memory::Allocator<NamedRow>>;

/// By their numbers, which are below `limit`; those of one row stay in their order.
void sort_rows(NamedRows& rows, std::int64_t limit);

/// Whether the numbers rise, so that each row is named once.
bool rising(const std::int64_t* numbers, std::int64_t n);

/// How many rows sorted ones name.
std::int64_t count_distinct(const NamedRows& sorted);

/// The numbers of sorted rows, each once, and the sums of their values, `width` of a floating dtype
/// a row. Three float32 terms and more are summed in float64.
void sum_rows(const NamedRows& sorted, std::int64_t width, Dtype dtype, std::int64_t* numbers,
              std::byte* sums);

/// sum[numbers[i]] += values[i] in a table of rows of `width` elements; float64 takes float32 too.
void add_rows(std::byte* sum, Dtype dtype, const std::byte* values, Dtype from,
              const std::int64_t* numbers, std::int64_t n, std::int64_t width);

/// The same where the sum is 0 and each row is named once.
void put_rows(std::byte* sum, const std::byte* values, const std::int64_t* numbers, std::int64_t n,
              std::size_t row_bytes);

}  // namespace xtape::kernels
