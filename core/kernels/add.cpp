#include <xtape/core/kernels/add.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T>
void add(T* y, const T* a, const T* b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

void widening(double* y, const double* a, const float* b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + static_cast<double>(b[i]);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const AddKernels& compiled<AddKernels, Level::XTAPE_LEVEL>() {
  static constexpr AddKernels table{add<float>, add<double>, widening};
  return table;
}

}  // namespace xtape::kernels
