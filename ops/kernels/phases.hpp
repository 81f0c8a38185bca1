#pragma once
#include <algorithm>

#include <xtape/ops/kernels/sliding.hpp>
#include <xtape/ops/kernels/windows.hpp>

namespace xtape::kernels {

/// A padded image taken apart, so that windows move by one: phase (r, s, t) has the elements whose
/// coordinates leave these remainders by the stride. In a phase, row behind row, each tap of a
/// window meets the elements at one distance from the window's place.
class Phases {
 public:
  explicit Phases(const Windows& of) : of_(of) {
    for (std::size_t axis = 0; axis < extents_.size(); ++axis) {
      reach_[axis] =
          (of.out[axis] - 1) * of.stride[axis] + (of.kernel[axis] - 1) * of.dilation[axis] + 1;
      extents_[axis] = (reach_[axis] - 1) / of.stride[axis] + 1;
    }
    size = sliding_rounded(count_of(extents_)) + sliding_block;  // a pass writes a block too much
    count = count_of(of.stride);
    last_place = place(of.out[0] - 1, of.out[1] - 1, of.out[2] - 1);
  }

  /// Elements of a phase, and of all of a channel.
  std::int64_t size = 0, count = 0;
  std::int64_t channel() const { return size * count; }
  /// Where a phase has a window's place, and the last of them.
  std::int64_t place(std::int64_t z, std::int64_t y, std::int64_t x) const {
    return (z * extents_[1] + y) * extents_[2] + x;
  }
  std::int64_t last_place = 0;
  /// The phase that a tap meets, and how far from the window's place.
  std::int64_t phase_of(const Spatial& tap) const {
    const auto rest = [&](std::size_t axis) {
      return tap[axis] * of_.dilation[axis] % of_.stride[axis];
    };
    return (rest(0) * of_.stride[1] + rest(1)) * of_.stride[2] + rest(2);
  }
  std::int64_t distance(const Spatial& tap) const {
    const auto whole = [&](std::size_t axis) {
      return tap[axis] * of_.dilation[axis] / of_.stride[axis];
    };
    return place(whole(0), whole(1), whole(2));
  }

  /// The elements of the image that a phase has: from the first on, so far.
  struct Part {
    std::int64_t first = 0, count = 0;
  };
  Part part(std::int64_t phase) const {
    const std::int64_t rest[] = {phase / (of_.stride[1] * of_.stride[2]),
                                 phase / of_.stride[2] % of_.stride[1], phase % of_.stride[2]};
    Spatial from{}, to{};
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      const Along along(*this, axis, rest[axis]);
      if (along.count == 0) return {};
      from[axis] = along.at;
      to[axis] = along.at + along.count - 1;
    }
    const std::int64_t first = place(from[0], from[1], from[2]);
    return {first, place(to[0], to[1], to[2]) + 1 - first};
  }

  /// A copy of results [planes, out...] to their places in rows `plane` apart, or from there.
  template <class F>
  void each_place_block(F f) const {
    for (std::int64_t z = 0; z < of_.out[0]; ++z) {
      f(Block{z * of_.out[1] * of_.out[2], of_.out[2], 1, place(z, 0, 0), extents_[2], of_.out[1],
              of_.out[2]});
    }
  }
  /// Elements of the image and where they lie in a channel of phases: `rows` rows of n.
  struct Block {
    std::int64_t element, element_row, element_step, at, at_row, rows, n;
  };
  /// f(block) for blocks that are all of a plane of the image.
  template <class F>
  void each_block(F f) const {
    for (std::int64_t z = 0; z < of_.in[0]; ++z) {
      const std::int64_t row = z + of_.before[0];
      if (row >= reach_[0]) break;
      const std::int64_t outer = row % of_.stride[0] * of_.stride[1];
      for (std::int64_t y = 0; y < of_.stride[1]; ++y) {
        const Along down(*this, 1, y);
        for (std::int64_t x = 0; x < of_.stride[2]; ++x) {
          const Along across(*this, 2, x);
          const std::int64_t phase = (outer + y) * of_.stride[2] + x;
          if (down.count == 0 || across.count == 0) continue;
          f(Block{(z * of_.in[1] + down.element) * of_.in[2] + across.element,
                  of_.stride[1] * of_.in[2], of_.stride[2],
                  phase * size + place(row / of_.stride[0], down.at, across.at), extents_[2],
                  down.count, across.count});
        }
      }
    }
  }

 private:
  /// What a phase has of an axis: elements from `element` on, which lie from `at` on.
  struct Along {
    Along(const Phases& phases, std::size_t axis, std::int64_t rest) {
      const std::int64_t step = phases.of_.stride[axis], before = phases.of_.before[axis];
      element = ((rest - before) % step + step) % step;
      at = (element + before) / step;
      const std::int64_t end = std::min(phases.of_.in[axis], phases.reach_[axis] - before);
      count = element < end ? (end - element - 1) / step + 1 : 0;
    }
    std::int64_t element, at, count;
  };

  const Windows& of_;
  Spatial reach_{}, extents_{};
};

}  // namespace xtape::kernels
