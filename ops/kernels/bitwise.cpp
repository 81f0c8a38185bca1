#include <cstdint>

#include <xtape/ops/kernels/bitwise.hpp>
#include <xtape/ops/kernels/block.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

using Integers = Lane<std::int64_t>;

struct Common {
  static Integers apply(Integers a, Integers b) { return Integers::of_bits(a.bits() & b.bits()); }
};
struct All {
  static Integers apply(Integers a, Integers b) { return Integers::of_bits(a.bits() | b.bits()); }
};
struct Different {
  static Integers apply(Integers a, Integers b) { return Integers::of_bits(a.bits() ^ b.bits()); }
};

/// Whether there are so many steps that a shift by them is defined.
Mask<std::int64_t> is_count(Integers steps) { return {steps.bits() < 64}; }

struct Up {
  static Integers apply(Integers a, Integers steps) {
    const Integers shifted = Integers::of_bits(a.bits() << (steps.bits() & 63));
    return where(is_count(steps), shifted, 0);
  }
};
struct Down {
  static Integers apply(Integers a, Integers steps) {
    const Integers shifted = Integers::of(a.v >> (steps.v & 63));
    return where(is_count(steps), shifted, where(a < 0, -1, 0));
  }
};

template <class F>
constexpr MapKernel kernel_of{nullptr, nullptr, block_function<F, std::int64_t, 0, 1>};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const BitwiseKernels& compiled<BitwiseKernels, Level::XTAPE_LEVEL>() {
  static constexpr BitwiseKernels table{kernel_of<Common>, kernel_of<All>, kernel_of<Different>,
                                        kernel_of<Up>, kernel_of<Down>};
  return table;
}

}  // namespace xtape::kernels
