#include <algorithm>
#include <map>
#include <numeric>

#include <xtape/ops/replay/arena.hpp>

namespace xtape::detail {
namespace {

/// What is free of a block that grows at its end.
class Room {
 public:
  std::size_t take(std::size_t bytes) {
    const auto fits = [&](const auto& gap) { return gap.second >= bytes; };
    const auto gap = std::find_if(gaps_.begin(), gaps_.end(), fits);
    if (gap == gaps_.end()) return grow(bytes);
    const auto [at, free] = *gap;
    gaps_.erase(gap);
    if (free > bytes) gaps_.emplace(at + bytes, free - bytes);
    return at;
  }
  void give(std::size_t at, std::size_t bytes) {
    auto next = gaps_.upper_bound(at);
    if (next != gaps_.end() && at + bytes == next->first) {
      bytes += next->second;
      next = gaps_.erase(next);
    }
    if (next != gaps_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == at) {
        before->second += bytes;
        return;
      }
    }
    gaps_.emplace(at, bytes);
  }
  std::size_t end() const { return end_; }

 private:
  std::size_t grow(std::size_t bytes) {
    std::size_t at = end_;
    if (!gaps_.empty()) {
      const auto last = std::prev(gaps_.end());
      if (last->first + last->second == end_) {
        at = last->first;
        gaps_.erase(last);
      }
    }
    end_ = at + bytes;
    return at;
  }

  std::map<std::size_t, std::size_t> gaps_;  // bytes from an offset on
  std::size_t end_ = 0;
};

std::size_t rounded(std::size_t bytes) { return std::max<std::size_t>(64, (bytes + 63) / 64 * 64); }

/// Each where there is room when it begins.
Arrangement in_order(const std::vector<Lifetime>& lifetimes) {
  const std::size_t n = lifetimes.size();
  std::vector<std::size_t> by_first(n), by_last;
  std::iota(by_first.begin(), by_first.end(), std::size_t{0});
  by_last = by_first;
  std::ranges::stable_sort(by_first, {}, [&](std::size_t i) { return lifetimes[i].first; });
  std::ranges::stable_sort(by_last, {}, [&](std::size_t i) { return lifetimes[i].last; });
  Arrangement result{std::vector<std::size_t>(n)};
  Room room;
  auto ended = by_last.begin();
  for (const std::size_t i : by_first) {
    for (; ended != by_last.end() && lifetimes[*ended].last < lifetimes[i].first; ++ended)
      room.give(result.offsets[*ended], rounded(lifetimes[*ended].bytes));
    result.offsets[i] = room.take(rounded(lifetimes[i].bytes));
  }
  result.bytes = room.end();
  return result;
}

/// The largest first, each at the lowest place that none has while it lives. Source of the form: Pisarchyk
/// and Lee, Efficient Memory Management for Deep Neural Net Inference (2020).
Arrangement by_size(const std::vector<Lifetime>& lifetimes) {
  struct Placed {
    std::size_t at, end, first, last;
  };
  const std::size_t n = lifetimes.size();
  std::vector<std::size_t> largest_first(n);
  std::iota(largest_first.begin(), largest_first.end(), std::size_t{0});
  std::ranges::stable_sort(largest_first, std::ranges::greater(),
                           [&](std::size_t i) { return lifetimes[i].bytes; });
  std::vector<Placed> placed;  // by offset
  placed.reserve(n);
  Arrangement result{std::vector<std::size_t>(n)};
  for (const std::size_t i : largest_first) {
    const auto [size, first, last] = lifetimes[i];
    const std::size_t bytes = rounded(size);
    std::size_t at = 0;
    for (const Placed& other : placed) {
      if (other.last < first || last < other.first) continue;
      if (other.at >= at + bytes) break;
      at = std::max(at, other.end);
    }
    result.offsets[i] = at;
    result.bytes = std::max(result.bytes, at + bytes);
    placed.insert(std::ranges::upper_bound(placed, at, {}, &Placed::at),
                  {at, at + bytes, first, last});
  }
  return result;
}

}  // namespace

Arrangement arrange(const std::vector<Lifetime>& lifetimes) {
  constexpr std::size_t few = 4096;  // the time of by_size grows with the square
  return lifetimes.size() <= few ? by_size(lifetimes) : in_order(lifetimes);
}

}  // namespace xtape::detail
