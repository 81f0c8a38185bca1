#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>

#include <xtape/core/kernels/add.hpp>
#include <xtape/core/kernels/row_sums.hpp>

namespace xtape::kernels {
namespace {

const AddKernels& kernels() { return chosen<AddKernels>(); }

/// The terms from `first` to before `last`, all of one row.
void sum_terms(const NamedRow* first, const NamedRow* last, std::int64_t width, double* sum,
               double*) {
  const auto term = [](const NamedRow* row) {
    return reinterpret_cast<const double*>(row->values);
  };
  std::copy_n(term(first), width, sum);
  while (++first != last) kernels().float64(sum, sum, term(first), width);
}

/// In `wide`, of that width, if there are more than two: of two the sum is that of float64,
/// rounded.
void sum_terms(const NamedRow* first, const NamedRow* last, std::int64_t width, float* sum,
               double* wide) {
  const auto term = [](const NamedRow* row) { return reinterpret_cast<const float*>(row->values); };
  if (last - first == 1) {
    std::copy_n(term(first), width, sum);
  } else if (last - first == 2) {
    kernels().float32(sum, term(first), term(first + 1), width);
  } else {
    std::copy_n(term(first), width, wide);
    while (++first != last) kernels().widening(wide, wide, term(first), width);
    std::transform(wide, wide + width, sum, [](double x) { return static_cast<float>(x); });
  }
}

}  // namespace

/// Radix sort by bytes, from the last: Knuth, The Art of Computer Programming 3, 5.2.5.
void sort_rows(NamedRows& rows, std::int64_t limit) {
  if (rows.size() < 64) {  // tables of 256 counts do not pay
    std::stable_sort(rows.begin(), rows.end(),
                     [](const NamedRow& a, const NamedRow& b) { return a.number < b.number; });
    return;
  }
  constexpr unsigned bits = 8;
  const auto most = static_cast<std::uint64_t>(limit - 1);
  NamedRows other(rows.size());
  for (unsigned shift = 0; shift < 64 && most >> shift != 0; shift += bits) {
    const auto digit = [shift](const NamedRow& row) {
      return static_cast<std::size_t>(row.number >> shift) & ((std::size_t{1} << bits) - 1);
    };
    std::array<std::size_t, std::size_t{1} << bits> next{};
    for (const NamedRow& row : rows) ++next[digit(row)];
    std::size_t place = 0;
    for (std::size_t& count : next) place += std::exchange(count, place);
    for (const NamedRow& row : rows) other[next[digit(row)]++] = row;
    rows.swap(other);
  }
}

bool rising(const std::int64_t* numbers, std::int64_t n) {
  return std::adjacent_find(numbers, numbers + n, std::greater_equal<>()) == numbers + n;
}

std::int64_t count_distinct(const NamedRows& sorted) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    count += i == 0 || sorted[i].number != sorted[i - 1].number ? 1 : 0;
  return count;
}

void sum_rows(const NamedRows& sorted, std::int64_t width, Dtype dtype, std::int64_t* numbers,
              std::byte* sums) {
  std::vector<double, memory::Allocator<double>> wide(static_cast<std::size_t>(width));
  const NamedRow* const end = sorted.data() + sorted.size();
  visit(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_floating_point_v<T>) {
      auto* sum = reinterpret_cast<T*>(sums);
      for (const NamedRow* first = sorted.data(); first != end; sum += width) {
        const NamedRow* last = first + 1;
        while (last != end && last->number == first->number) ++last;
        *numbers++ = first->number;
        sum_terms(first, last, width, sum, wide.data());
        first = last;
      }
    }
  });
}

void add_rows(std::byte* sum, Dtype dtype, const std::byte* values, Dtype from,
              const std::int64_t* numbers, std::int64_t n, std::int64_t width) {
  const auto each = [&](auto* to, auto* value, auto add) {
    for (std::int64_t i = 0; i < n; ++i, value += width) {
      auto* const row = to + numbers[i] * width;
      add(row, row, value, width);
    }
  };
  auto* const wide = reinterpret_cast<double*>(sum);
  if (from == Dtype::float64)
    each(wide, reinterpret_cast<const double*>(values), kernels().float64);
  else if (dtype == Dtype::float64)
    each(wide, reinterpret_cast<const float*>(values), kernels().widening);
  else
    each(reinterpret_cast<float*>(sum), reinterpret_cast<const float*>(values), kernels().float32);
}

void put_rows(std::byte* sum, const std::byte* values, const std::int64_t* numbers, std::int64_t n,
              std::size_t row_bytes) {
  if (row_bytes == 0) return;
  for (std::int64_t i = 0; i < n; ++i, values += row_bytes)
    std::memcpy(sum + static_cast<std::size_t>(numbers[i]) * row_bytes, values, row_bytes);
}

}  // namespace xtape::kernels
