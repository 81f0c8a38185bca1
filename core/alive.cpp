#include <string>

#include <xtape/core/alive.hpp>
#include <xtape/core/error.hpp>

namespace xtape::detail {

Alive::Weak Alive::weak() const {
  if (!token_) token_ = std::make_shared<char>();
  return Weak(token_);
}

void Alive::Weak::require(const char* what) const {
  if (gone()) throw ValueError("compile: " + std::string(what) + " that a step uses is gone");
}

}  // namespace xtape::detail
