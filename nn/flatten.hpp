#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/rearrange.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Axes `first` to `last` as one; all but that of the examples unless told: see `flatten`.
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t first = 1, std::int64_t last = -1) : first_(first), last_(last) {
    describe("Flatten", xtape::detail::text(first) + ", " + xtape::detail::text(last));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return flatten(in, first_, last_); });
  }

 private:
  std::int64_t first_, last_;
};

/// x itself: where a model may have a layer or none.
struct Identity : Module {
  Tensor operator()(const Tensor& x) const {
    return call(x, [](const Tensor& in) { return in; });
  }
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
