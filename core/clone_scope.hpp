#pragma once
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// While it lives, copying a handle of a `replaceable` tensor on this thread yields a handle of
/// that tensor's clone, the same one each time. It is how copying a module, members and all, can
/// mean copying its parameters.
class CloneScope {
 public:
  [[nodiscard]] CloneScope();
  /// Only these are replaced, each by what is given for it.
  [[nodiscard]] CloneScope(std::span<const NamedTensor> originals, std::span<const Tensor> given);
  ~CloneScope();
  CloneScope(const CloneScope&) = delete;
  CloneScope& operator=(const CloneScope&) = delete;
  static bool active() noexcept;
  /// The handle that copying one of `original` yields.
  Ref<Body> copy(const Tensor& original);

 private:
  struct Clones;
  Owned<Clones> clones_;
  bool makes_;
  CloneScope* outer_;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
