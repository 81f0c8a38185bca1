#include <xtape/core/kernels/convert.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class To, class From>
void convert(To* y, const From* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<To>(x[i]);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ConvertKernels& compiled<ConvertKernels, Level::XTAPE_LEVEL>() {
  static constexpr ConvertKernels table{convert<double, float>, convert<float, double>};
  return table;
}

}  // namespace xtape::kernels
