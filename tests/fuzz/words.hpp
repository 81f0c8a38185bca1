#pragma once
// What random programs are made of.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

using Tensors = std::vector<xtape::Tensor>;

/// Numbers that choose among the ways of using an operation.
class Ways {
 public:
  Ways() = default;
  explicit Ways(std::array<std::uint8_t, 4> bytes) : bytes_(bytes) {}
  std::uint8_t operator[](std::size_t i) const { return bytes_[i]; }
  bool bit(std::size_t i) const { return (bytes_[3] >> i & 1) != 0; }
  std::int64_t between(std::size_t i, std::int64_t low, std::int64_t high) const {
    return low + bytes_[i] % (high - low + 1);
  }
  /// An axis of x, from the front or the end.
  std::int64_t axis(std::size_t i, const xtape::Tensor& x) const {
    return x.rank() == 0 ? 0 : bytes_[i] % (2 * x.rank()) - x.rank();
  }
  xtape::Shape extents(const xtape::Tensor& x) const;
  friend bool operator==(const Ways&, const Ways&) = default;

 private:
  std::array<std::uint8_t, 4> bytes_{};
};

/// A use of a public operation. Shapes and values decide whether it is allowed.
struct Word {
  enum Trait : unsigned {
    none = 0,
    smooth = 1,    ///< has all derivatives, wherever it has a value
    draws = 2,     ///< other numbers for each example of vmap
    by_lie = 8,    ///< its bits depend on whether a matrix lies transposed, see docs/accuracy.md
    two_ways = 4,  ///< takes another way in a replay, where the function looks at values
  };
  std::string name;
  std::size_t inputs;
  unsigned traits;
  std::function<xtape::Tensor(const Tensors&, const Ways&)> apply;
  bool has(Trait trait) const { return (traits & trait) != 0; }
};

std::vector<Word> words_of_rows();
std::vector<Word> words_of_layout();
std::vector<Word> words_of_sums();
std::vector<Word> words_of_products();

/// All of them.
const std::vector<Word>& words();
