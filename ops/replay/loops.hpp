#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <xtape/core/storage.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/core/watch.hpp>

namespace xtape::detail {

/// Elementwise operations one after another, on dense tensors of n elements of one dtype and on
/// numbers: carried out block by block, so that what only they need stays in the first cache.
class Loops {
 public:
  static constexpr std::size_t most_operands = 4;

  /// Adds an operation. Operands are tensors of n elements or of one, or what operations before
  /// gave; `y` is where the result goes, or null if only operations after this one need it.
  struct Operand {
    const Tensor* tensor;    // may be defined later
    bool one;                // has one element
    std::int32_t loop = -1;  // that gave it, if that has no tensor
  };
  Loops(std::int64_t n, Dtype dtype) : n_(n), dtype_(dtype) {}
  /// The number of the loop.
  std::int32_t add(BlockFunction function, const std::vector<Operand>& x, const Tensor* y);
  /// To be called when all are there: gives blocks to results that have no tensor, for as long as
  /// they are needed.
  void plan();

  std::int64_t size() const { return n_; }
  void run();

 private:
  static constexpr std::int64_t block_bytes = 8192;

  /// Where an operand or the result lies: an address, or a block of the scratch.
  struct Place {
    std::int32_t address = -1, block = -1;
    std::int32_t loop = -1;  // that gives the block
    std::int32_t step = 1;   // 0: one value for all elements
  };
  struct Loop {
    BlockFunction function;
    std::uint32_t count;
    std::array<Place, most_operands> x;
    Place y;
  };
  /// One use of a tensor in a loop; -1 is the result.
  struct Use {
    std::size_t loop;
    int operand;
  };
  struct Address {
    const Tensor* tensor;
    std::int32_t splat;  // where its only element stands often; -1 if it has n
    std::vector<Use> uses;
  };
  struct Splat {
    alignas(64) std::byte bytes[64];
  };

  /// A loop over one block, with addresses.
  struct Ready {
    BlockFunction function;
    std::byte* y;
    std::array<std::byte*, most_operands> x;
    std::array<std::int64_t, most_operands> step;
  };

  std::int32_t address_of(const Tensor* tensor, bool spread);
  std::int64_t block_elements() const {
    return block_bytes / static_cast<std::int64_t>(size_of(dtype_));
  }
  void find_addresses();
  void run_part(std::int64_t first, std::int64_t last) const;
  bool is_one_block() const { return n_ <= block_elements(); }
  std::int64_t bytes_of_block(std::int64_t elements) const;
  void make_ready();

  std::int64_t n_;
  Dtype dtype_;
  std::vector<Loop> loops_;
  std::vector<Address> tensors_;
  std::map<std::pair<const Tensor*, bool>, std::int32_t> known_;  // their numbers, until planned
  std::vector<std::byte*> addresses_;
  std::vector<Splat> splats_;
  std::int32_t blocks_ = 0;
  // Where all elements are one block.
  std::vector<Ready> ready_;
  Ref<Storage> scratch_;
};

}  // namespace xtape::detail
