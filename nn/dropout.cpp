#include <limits>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/ops/dropout.hpp>

namespace xtape::nn {

Dropout::Dropout(double drop_rate, Rng& rng)
    : rate(xtape::detail::require_in("dropout", "rate", drop_rate, 0.0, 1.0)),
      stream_(buffer("stream", tensor({rng.integer(0, std::numeric_limits<std::int64_t>::max()),
                                       std::int64_t{0}}))) {
  set_torch_layout("stream", TorchLayout::absent);
  describe("Dropout", detail::Arguments(rate).text);
}

Tensor Dropout::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    if (!training() || rate == 0) return in;
    auto* stream = xtape::detail::writable<std::int64_t>(stream_);
    const auto number = static_cast<std::uint64_t>(stream[1]++);
    return dropout(in, rate, static_cast<std::uint64_t>(stream[0]), number);
  });
}

}  // namespace xtape::nn
