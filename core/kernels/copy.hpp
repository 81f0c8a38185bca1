#pragma once
#include <cstddef>

#include <xtape/core/dtype.hpp>
#include <xtape/core/shape.hpp>

namespace xtape::kernels {

/// Elements somewhere in memory; strides count elements.
struct Layout {
  std::byte* data;
  Dtype dtype;
  Strides strides;
};

/// target[i] = source[i] for every index i of `shape`, converted: to boolean is != 0, floating to
/// integer truncates. The two must not overlap.
void copy(const Shape& shape, const Layout& target, const Layout& source);

/// target[i] += source[i], for floating elements, the target's dtype at least as wide. The two must
/// not overlap, and no two i may mean the same place of the target.
void add_to(const Shape& shape, const Layout& target, const Layout& source);

/// Merges axes that lie behind one another in memory in all `layouts`, and drops those of extent 1.
void coalesce(Shape& shape, std::initializer_list<Strides*> layouts);

}  // namespace xtape::kernels
