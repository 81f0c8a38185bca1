#pragma once
#include <memory>

#include <xtape/config.hpp>
#include <xtape/ops/hook.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// What is called when a module is: each sees a tensor, and may give another one in its place.
struct ModuleHooks {
  Hook before_forward = {};   ///< sees the input x
  Hook after_forward = {};    ///< sees the result y
  Hook before_backward = {};  ///< sees dL/dy, if anybody wants it
  Hook after_backward = {};   ///< sees dL/dx of the x that the module's function got
};

/// Hooks that are called while this lives. Moved, not copied.
class [[nodiscard]] ModuleHook {
 public:
  ModuleHook(ModuleHook&&) noexcept = default;
  ModuleHook& operator=(ModuleHook&& other) noexcept;
  ~ModuleHook() { end(); }

 private:
  friend class Module;
  struct Place;
  explicit ModuleHook(std::shared_ptr<Place> place) : place_(std::move(place)) {}
  void end() noexcept;
  std::shared_ptr<Place> place_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
