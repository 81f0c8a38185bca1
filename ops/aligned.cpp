#include <algorithm>

#include <xtape/ops/aligned.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::detail {

Aligned::Aligned(const Examples& x) : size_(x.size()) {
  int rank = 0;
  for (std::size_t i = 0; i < size_; ++i) rank = std::max(rank, x.rank(i));
  for (std::size_t i = 0; i < size_; ++i) {
    Shape shape = x[i].shape();
    for (int missing = x.differ(i) ? rank - x.rank(i) : 0; missing > 0; --missing)
      shape.insert(1, 1);
    inputs_[i] = reshape(x[i], shape);
    pointers_[i] = &inputs_[i];
  }
}

}  // namespace xtape::detail
