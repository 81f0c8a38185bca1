#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// The axes of a tensor by name, one character each: letters, and for the axes of an ellipsis
/// digits, which count from its last.
using Labels = std::string;

/// Some of them, a bit each.
using LabelSet = std::uint64_t;
inline constexpr std::size_t label_count = 52 + max_rank;

constexpr std::size_t place_of(char label) {
  if (label >= 'a') return static_cast<std::size_t>(label - 'a');
  if (label >= 'A') return static_cast<std::size_t>(label - 'A') + 26;
  return static_cast<std::size_t>(label - '0') + 52;
}
constexpr bool contains(LabelSet set, char label) { return (set >> place_of(label) & 1) != 0; }
constexpr bool contains(std::string_view labels, char label) {
  return labels.find(label) != std::string_view::npos;
}
constexpr LabelSet set_of(std::string_view labels) {
  LabelSet set = 0;
  for (const char label : labels) set |= LabelSet{1} << place_of(label);
  return set;
}

/// What "ij,jk->ik" says of some operands.
struct Subscripts {
  /// Throws the errors of `einsum`.
  Subscripts(std::string_view text, std::span<const Tensor> operands);

  std::vector<Labels> inputs;
  Labels output;
  std::array<std::int64_t, label_count> extents;
  /// The text, for messages.
  std::string quoted() const { return '"' + std::string(text_) + '"'; }
  std::int64_t extent(char label) const { return extents[place_of(label)]; }

 private:
  void read_inputs(std::string_view terms, std::span<const Tensor> operands);
  void read_output(std::string_view term);
  void make_output();
  void find_extents(std::span<const Tensor> operands);
  void require_same(const Labels& labels, const Tensor& operand) const;
  Labels ellipsis_axes(int count) const;

  std::string_view text_;
  int ellipsis_rank_ = 0;  // the greatest among the operands
};

}  // namespace xtape::detail
