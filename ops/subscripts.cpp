#include <algorithm>
#include <optional>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/ops/subscripts.hpp>

namespace xtape::detail {
namespace {

using namespace std::string_literals;

constexpr std::string_view arrow = "->", ellipsis = "...";
constexpr char placeholder = '.';  // of an ellipsis in the labels of a term

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// The letters of a term, and '.' where its ellipsis stands.
Labels letters_of(std::string_view term) {
  Labels labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ') continue;
    if (term[i] == '.') {
      if (term.substr(i, ellipsis.size()) != ellipsis || contains(labels, placeholder)) {
        throw ValueError("einsum: dots must be one ellipsis, of three, in a term; got " +
                         quoted(term));
      }
      i += ellipsis.size() - 1;
    } else if (!is_letter(term[i])) {
      throw ValueError("einsum: labels must be letters; got '"s + term[i] + "' in " + quoted(term));
    }
    labels += term[i];
  }
  return labels;
}

/// The text before the arrow, and what is behind it if there is one.
std::pair<std::string_view, std::optional<std::string_view>> parts_of(std::string_view text) {
  const std::size_t place = text.find(arrow);
  if (place == text.npos) return {text, std::nullopt};
  const std::string_view behind = text.substr(place + arrow.size());
  if (behind.find(arrow) != behind.npos)
    throw ValueError("einsum: there must be at most one arrow; got " + quoted(text));
  return {text.substr(0, place), behind};
}

/// The labels with others in the place of the ellipsis.
Labels with_ellipsis(Labels labels, const Labels& axes) {
  const std::size_t place = labels.find(placeholder);
  return place == labels.npos ? labels : labels.replace(place, 1, axes);
}

/// "'i'", or "axis -1 of the ellipsis".
std::string name_of(char label) {
  if (is_letter(label)) return "'"s + label + "'";
  return "axis "s + std::to_string('0' - label - 1) + " of the ellipsis";
}

std::string list_of(std::span<const Tensor> operands) {
  std::string list;
  for (const Tensor& operand : operands) list += (list.empty() ? "" : ", ") + operand.describe();
  return list;
}

}  // namespace

Subscripts::Subscripts(std::string_view text, std::span<const Tensor> operands) : text_(text) {
  const auto [terms, result] = parts_of(text);
  read_inputs(terms, operands);
  if (result)
    read_output(*result);
  else
    make_output();
  find_extents(operands);
}

/// The labels of an ellipsis of so many axes.
Labels Subscripts::ellipsis_axes(int count) const {
  Labels labels;
  for (int axis = count - 1; axis >= 0; --axis) labels += static_cast<char>('0' + axis);
  return labels;
}

void Subscripts::read_inputs(std::string_view terms, std::span<const Tensor> operands) {
  const auto count = static_cast<std::size_t>(std::count(terms.begin(), terms.end(), ',')) + 1;
  if (count != operands.size()) {
    throw ValueError("einsum: there must be an operand for each term; got " +
                     std::to_string(operands.size()) + " for the " + std::to_string(count) +
                     " of " + quoted());
  }
  for (const Tensor& operand : operands) {
    const std::size_t comma = std::min(terms.find(','), terms.size());
    const std::string_view term = terms.substr(0, comma);
    terms.remove_prefix(std::min(comma + 1, terms.size()));
    Labels labels = letters_of(term);
    const bool open = contains(labels, placeholder);
    const int named = static_cast<int>(labels.size()) - (open ? 1 : 0);
    if (open ? operand.rank() < named : operand.rank() != named) {
      throw ShapeError("einsum: " + detail::quoted(term) + " needs " + (open ? "at least " : "") +
                       std::to_string(named) + (named == 1 ? " axis" : " axes") + "; got " +
                       operand.describe());
    }
    ellipsis_rank_ = std::max(ellipsis_rank_, open ? operand.rank() - named : 0);
    inputs.push_back(with_ellipsis(std::move(labels), ellipsis_axes(operand.rank() - named)));
  }
}

void Subscripts::read_output(std::string_view term) {
  const Labels labels = letters_of(term);
  for (const char label : labels) {
    if (label == placeholder) continue;
    const auto has = [&](const Labels& input) { return contains(input, label); };
    if (std::none_of(inputs.begin(), inputs.end(), has)) {
      throw ValueError("einsum: labels of the output must be those of operands; got " +
                       name_of(label) + " in " + quoted());
    }
    if (std::count(labels.begin(), labels.end(), label) > 1) {
      throw ValueError("einsum: each label may stand once in the output; got " + name_of(label) +
                       " twice in " + quoted());
    }
  }
  if (ellipsis_rank_ > 0 && !contains(labels, placeholder)) {
    throw ValueError("einsum: the output must have an ellipsis where operands have one; got " +
                     quoted());
  }
  output = with_ellipsis(labels, ellipsis_axes(ellipsis_rank_));
}

void Subscripts::make_output() {
  Labels all;
  for (const Labels& labels : inputs) all += labels;
  std::sort(all.begin(), all.end());
  output = ellipsis_axes(ellipsis_rank_);
  for (const char label : all) {
    if (is_letter(label) && std::count(all.begin(), all.end(), label) == 1) output += label;
  }
}

/// A label twice in an operand means its diagonal, for which the extents do not broadcast.
void Subscripts::require_same(const Labels& labels, const Tensor& operand) const {
  for (std::size_t axis = 0; axis < labels.size(); ++axis) {
    const std::size_t first = labels.find(labels[axis]);
    const auto extent = [&](std::size_t of) {
      return operand.extent(static_cast<std::int64_t>(of));
    };
    if (extent(first) == extent(axis)) continue;
    throw ShapeError("einsum: extents of " + name_of(labels[axis]) +
                     " must be equal in an operand; got " + operand.describe() + " in " + quoted());
  }
}

void Subscripts::find_extents(std::span<const Tensor> operands) {
  extents.fill(1);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    require_same(inputs[i], operands[i]);
    for (std::size_t axis = 0; axis < inputs[i].size(); ++axis) {
      std::int64_t& known = extents[place_of(inputs[i][axis])];
      const std::int64_t own = operands[i].extent(static_cast<std::int64_t>(axis));
      if (own == known || own == 1) continue;
      if (known != 1) {
        throw ShapeError("einsum: extents of " + name_of(inputs[i][axis]) +
                         " must be equal or 1; got " + std::to_string(known) + " and " +
                         std::to_string(own) + " for " + quoted() + " of " + list_of(operands));
      }
      known = own;
    }
  }
  if (output.size() > static_cast<std::size_t>(max_rank)) {
    throw detail::RankError("einsum: a result may have at most " + std::to_string(max_rank) +
                            " axes; got " + std::to_string(output.size()) + " for " + quoted() +
                            " of " + list_of(operands));
  }
}

}  // namespace xtape::detail
