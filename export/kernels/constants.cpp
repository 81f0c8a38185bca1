#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <xtape/core/body.hpp>
#include <xtape/export/c/writer.hpp>
#include <xtape/export/kernels/constants.hpp>

namespace xtape::exporting {

bool all_true(const Tensor& truths) {
  if (!truths.defined() || truths.dtype() != Dtype::boolean) return false;
  const Tensor dense = truths.contiguous();
  const bool* first = dense.body().elements<const bool>();
  return std::all_of(first, first + dense.size(), [](bool truth) { return truth; });
}

bool all_zero(const Tensor& numbers) {
  if (!numbers.defined()) return false;
  const std::vector<double> all = numbers.to_vector<double>();
  return std::ranges::all_of(all, [](double x) { return x == 0; });
}

bool all_equal(const Tensor& numbers) {
  const Tensor dense = numbers.contiguous();
  const std::size_t size = size_of(dense.dtype());
  const std::byte* first = dense.body().data;
  for (std::int64_t i = 1; i < dense.size(); ++i)
    if (std::memcmp(first, first + static_cast<std::size_t>(i) * size, size) != 0) return false;
  return dense.size() > 0;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  const Tensor x = a.contiguous(), y = b.contiguous();
  const auto bytes = static_cast<std::size_t>(x.size()) * size_of(x.dtype());
  return std::equal(x.body().data, x.body().data + bytes, y.body().data);
}

std::vector<std::string> c_literals(const Tensor& x) {
  const Tensor dense = x.contiguous();
  std::vector<std::string> literals;
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    const T* first = dense.body().elements<const T>();
    for (std::int64_t i = 0; i < x.size(); ++i) {
      if constexpr (std::is_integral_v<T>) {
        const auto number = static_cast<std::int64_t>(first[i]);
        const bool least = number == std::numeric_limits<std::int64_t>::min();
        literals.push_back(least ? "INT64_MIN" : std::to_string(number));
      } else {
        literals.push_back(c_number(static_cast<double>(first[i]), x.dtype()));
      }
    }
  });
  return literals;
}

double step_of(double range) { return range > 0 ? range / 127 : 1; }

ByteWeights in_bytes(const Tensor& weights) {
  const Tensor dense = weights.contiguous();
  const float* given = dense.body().elements<const float>();
  const std::int64_t outputs = dense.extent(0), each = dense.size() / outputs;
  ByteWeights of;
  for (std::int64_t j = 0; j < outputs; ++j) {
    const auto weight = [&](std::int64_t k) { return static_cast<double>(given[j * each + k]); };
    double most = 0;
    for (std::int64_t k = 0; k < each; ++k) most = std::max(most, std::abs(weight(k)));
    of.steps.push_back(step_of(most));
    for (std::int64_t k = 0; k < each; ++k)
      of.bytes.push_back(static_cast<int>(std::nearbyint(weight(k) / of.steps.back())));
  }
  return of;
}

}  // namespace xtape::exporting
