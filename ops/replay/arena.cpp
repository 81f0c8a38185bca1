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

}  // namespace

Arrangement arrange(const std::vector<Lifetime>& lifetimes) {
  const std::size_t n = lifetimes.size();
  std::vector<std::size_t> by_first(n), by_last;
  std::iota(by_first.begin(), by_first.end(), std::size_t{0});
  by_last = by_first;
  std::ranges::stable_sort(by_first, {}, [&](std::size_t i) { return lifetimes[i].first; });
  std::ranges::stable_sort(by_last, {}, [&](std::size_t i) { return lifetimes[i].last; });
  const auto rounded = [&](std::size_t i) {
    return std::max<std::size_t>(64, (lifetimes[i].bytes + 63) / 64 * 64);
  };
  Arrangement result{std::vector<std::size_t>(n)};
  Room room;
  auto ended = by_last.begin();
  for (const std::size_t i : by_first) {
    for (; ended != by_last.end() && lifetimes[*ended].last < lifetimes[i].first; ++ended)
      room.give(result.offsets[*ended], rounded(*ended));
    result.offsets[i] = room.take(rounded(i));
  }
  result.bytes = room.end();
  return result;
}

}  // namespace xtape::detail
