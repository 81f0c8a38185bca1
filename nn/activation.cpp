#include <xtape/core/create.hpp>
#include <xtape/nn/activation.hpp>

namespace xtape::nn {
namespace {

std::int64_t checked(std::int64_t channels, double slope) {
  xtape::detail::require_finite("prelu", "init", slope);
  return xtape::detail::require_at_least<std::int64_t>("prelu", "channels", channels, 1);
}

}  // namespace

PReLU::PReLU(std::int64_t channels, const PReLUOptions& options)
    : weight(parameter("weight",
                       full({checked(channels, options.init)}, options.init, options.dtype))) {
  describe("PReLU", channels == 1 ? "" : xtape::detail::text(channels));
}

}  // namespace xtape::nn
