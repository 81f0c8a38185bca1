#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

/// Decisions read from bytes; behind their end each is 0. Every sequence of bytes means something.
class Decisions {
 public:
  explicit Decisions(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return at_ == bytes_.size(); }
  std::uint8_t next() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
  /// A number below `count`, which is at most 256.
  std::size_t below(std::size_t count) { return next() % count; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }
  /// True for one in so many.
  bool one_in(std::size_t count) { return below(count) == count - 1; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};
