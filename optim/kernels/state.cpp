#include <cstdint>
#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/optim/kernels/state.hpp>

namespace xtape::optim {

NamedTensors entries_like(const NamedTensors& expected, const NamedTensors& given) {
  NamedTensors entries = detail::match_state(expected, given).entries;
  for (const auto& [name, tensor] : entries) {
    if (tensor.dtype() != Dtype::int64 || tensor.rank() != 0) continue;
    if (const auto count = number<std::int64_t>(tensor); count < 0) {
      throw ValueError("restore: \"" + name + "\" must not be negative; got " +
                       std::to_string(count));
    }
  }
  return entries;
}

}  // namespace xtape::optim
