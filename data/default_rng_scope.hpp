#pragma once
#include <xtape/core/rng.hpp>

namespace xtape::data::detail {

/// Puts the default generator back, wherever it has gone.
class DefaultRngScope {
 public:
  DefaultRngScope() = default;
  explicit DefaultRngScope(const Rng& meanwhile) { default_rng() = meanwhile; }
  ~DefaultRngScope() { default_rng() = before_; }
  DefaultRngScope(const DefaultRngScope&) = delete;
  DefaultRngScope& operator=(const DefaultRngScope&) = delete;

 private:
  Rng before_ = default_rng();
};

}  // namespace xtape::data::detail
