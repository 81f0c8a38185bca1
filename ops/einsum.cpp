#include <bit>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/subscripts.hpp>

namespace xtape {
namespace {

using detail::contains, detail::Labels, detail::LabelSet, detail::set_of, detail::Subscripts;

/// A factor of what is left to compute, with a label for each axis.
struct Term {
  std::int64_t extent(char label) const {
    return value.extent(static_cast<std::int64_t>(labels.find(label)));
  }
  Tensor value;
  Labels labels;
};

Shape shape_of(const Term& x, const Labels& labels) {
  Shape shape;
  for (const char label : labels) shape.push_back(x.extent(label));
  return shape;
}

/// Beside an extent of 0 the others may be anything, and so may their product.
std::int64_t count_of(const Term& x, const Labels& labels) {
  const Shape shape = shape_of(x, labels);
  return detail::count_of({shape.begin(), shape.end()}) & std::numeric_limits<std::int64_t>::max();
}

Tensor reshaped(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : reshape(x, shape);
}

/// The axes in the order of `labels`, which has them all.
Tensor ordered(const Term& x, const Labels& labels) {
  if (x.labels == labels) return x.value;
  std::vector<std::int64_t> axes;
  for (const char label : labels) axes.push_back(static_cast<std::int64_t>(x.labels.find(label)));
  return transpose(x.value, axes);
}

/// Of booleans: whether any is true.
Tensor total(const Tensor& x, const Axes& axes) {
  return x.dtype() == Dtype::boolean ? any(x, axes) : sum(x, axes);
}

/// Axes of extent 1 broadcast: to leave them out is the same as to have no such label.
Term without_ones(const Term& x) {
  Shape shape;
  Labels labels;
  for (const char label : x.labels) {
    if (x.extent(label) == 1) continue;
    shape.push_back(x.extent(label));
    labels += label;
  }
  return {reshaped(x.value, shape), labels};
}

/// A label that stands twice becomes one, of the diagonal.
Term without_repeats(Term x) {
  for (std::size_t first = 0; first < x.labels.size();) {
    const char label = x.labels[first];
    const std::size_t second = x.labels.find(label, first + 1);
    if (second == Labels::npos) {
      ++first;
      continue;
    }
    std::vector<std::int64_t> axes;
    for (std::size_t axis = 0; axis < x.labels.size(); ++axis) {
      if (axis != first && axis != second) axes.push_back(static_cast<std::int64_t>(axis));
    }
    axes.push_back(static_cast<std::int64_t>(first));
    axes.push_back(static_cast<std::int64_t>(second));
    x.value = diagonal(transpose(x.value, axes));
    x.labels.erase(second, 1).erase(first, 1).push_back(label);
  }
  return x;
}

/// Summed over the labels that are not kept.
Term without_unused(Term x, LabelSet kept) {
  Labels labels;
  std::vector<std::int64_t> summed;
  for (std::size_t axis = 0; axis < x.labels.size(); ++axis) {
    if (contains(kept, x.labels[axis]))
      labels += x.labels[axis];
    else
      summed.push_back(static_cast<std::int64_t>(axis));
  }
  return summed.empty() ? x : Term{total(x.value, summed), labels};
}

/// What is to be done with one operand alone.
Term simplified(const Term& x, LabelSet kept) {
  return without_unused(without_repeats(without_ones(x)), kept);
}

/// The labels of two terms by what becomes of them: rows and columns of matrices, what these are
/// summed over, and what tells one pair of matrices from another.
struct Parts {
  Parts(const Labels& a, const Labels& b, LabelSet kept) {
    for (const char label : a) {
      Labels& part = !contains(b, label) ? left : contains(kept, label) ? shared : summed;
      part += label;
    }
    for (const char label : b) {
      if (!contains(a, label)) right += label;
    }
  }
  Labels shared, left, summed, right;
};

/// With axes of extent 1 for labels that it has not, but for leading ones: it broadcasts.
Tensor aligned(const Term& x, const Labels& labels) {
  Labels own;
  Shape shape;
  for (const char label : labels) {
    const bool has = contains(x.labels, label);
    if (has) own += label;
    if (!own.empty()) shape.push_back(has ? x.extent(label) : 1);
  }
  return reshaped(ordered(x, own), shape);
}

Term elementwise_product(const Term& a, const Term& b, const Labels& labels) {
  return {aligned(a, labels) * aligned(b, labels), labels};
}

/// [shared..., rows, columns]
Tensor matrices(const Term& x, const Labels& shared, const Labels& rows, const Labels& columns) {
  Shape shape = shape_of(x, shared);
  shape.push_back(count_of(x, rows));
  shape.push_back(count_of(x, columns));
  return reshaped(ordered(x, shared + rows + columns), shape);
}

Term matrix_product(const Term& a, const Term& b, const Parts& parts) {
  const auto& [shared, left, summed, right] = parts;
  const Tensor y = matmul(matrices(a, shared, left, summed), matrices(b, shared, summed, right));
  Shape shape = shape_of(a, shared + left);
  for (const char label : right) shape.push_back(b.extent(label));
  return {reshaped(y, shape), shared + left + right};
}

/// The product of two terms, summed over what is not kept; with the labels in the order of `wanted`
/// if that costs nothing, where it is not empty.
Term contracted(const Term& a, const Term& b, LabelSet kept, const Labels& wanted) {
  const Parts parts(a.labels, b.labels, kept);
  const auto& [shared, left, summed, right] = parts;
  if (summed.empty())
    return elementwise_product(a, b, wanted.empty() ? shared + left + right : wanted);
  if (left.empty() && right.empty() && !shared.empty())  // no matrices, but many short vectors
    return without_unused(elementwise_product(a, b, shared + summed), set_of(shared));
  const bool turned = !wanted.empty() && contains(left, wanted.back());
  return turned ? matrix_product(b, a, Parts(b.labels, a.labels, kept))
                : matrix_product(a, b, parts);
}

/// The labels that the output or terms other than these two have.
LabelSet needed_beside(std::size_t first, std::size_t second, std::span<const LabelSet> terms,
                       LabelSet output) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i != first && i != second) output |= terms[i];
  }
  return output;
}

/// Two terms that are contracted with one another, and the labels that others still need. The
/// result takes the place of `first`, the last term that of `second`.
struct Step {
  std::size_t first = 0, second = 0;
  LabelSet kept = 0;
};

double size_of(LabelSet labels, const Subscripts& subscripts) {
  double size = 1;
  for (; labels != 0; labels &= labels - 1)
    size *=
        static_cast<double>(subscripts.extents[static_cast<std::size_t>(std::countr_zero(labels))]);
  return size;
}

/// What is best: the result least beside what it frees, of equal ones that of the fewest products.
Step best_step(std::span<const LabelSet> terms, const Subscripts& subscripts) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Step best;
  std::pair least(infinity, infinity);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (std::size_t j = i + 1; j < terms.size(); ++j) {
      const LabelSet kept = needed_beside(i, j, terms, set_of(subscripts.output));
      const LabelSet result = (terms[i] | terms[j]) & kept;
      const double growth = size_of(result, subscripts) - size_of(terms[i], subscripts) -
                            size_of(terms[j], subscripts);
      const std::pair cost(growth, size_of(terms[i] | terms[j], subscripts));
      if (std::popcount(result) > max_rank || cost >= least) continue;
      least = cost;
      best = {i, j, kept};
    }
  }
  if (best.second > 0) return best;
  throw detail::RankError("einsum: the product of two operands may have at most " +
                          std::to_string(max_rank) + " axes; got more in the best order for " +
                          subscripts.quoted());
}

std::vector<Step> best_order(std::vector<LabelSet> terms, const Subscripts& subscripts) {
  std::vector<Step> order;
  while (terms.size() > 1) {
    const Step& step = order.emplace_back(best_step(terms, subscripts));
    terms[step.first] = (terms[step.first] | terms[step.second]) & step.kept;
    terms[step.second] = terms.back();
    terms.pop_back();
  }
  return order;
}

/// The labels along which there is more than one element, or none.
Labels lasting(const Labels& labels, const Subscripts& subscripts) {
  Labels result;
  for (const char label : labels) {
    if (subscripts.extent(label) != 1) result += label;
  }
  return result;
}

LabelSet lasting(const Labels& labels, const Tensor& x) {
  LabelSet result = 0;
  for (std::size_t axis = 0; axis < labels.size(); ++axis) {
    if (x.extent(static_cast<std::int64_t>(axis)) != 1) result |= set_of({&labels[axis], 1});
  }
  return result;
}

}  // namespace

Tensor einsum(std::string_view text, std::span<const Tensor> operands) {
  for (const Tensor& operand : operands) detail::require_defined("einsum", "operands", operand);
  const Subscripts subscripts(text, operands);

  std::vector<LabelSet> sets, kept;
  for (std::size_t i = 0; i < operands.size(); ++i)
    sets.push_back(lasting(subscripts.inputs[i], operands[i]));
  for (std::size_t i = 0; i < operands.size(); ++i)
    kept.push_back(needed_beside(i, i, sets, set_of(subscripts.output)));
  for (std::size_t i = 0; i < operands.size(); ++i) sets[i] &= kept[i];
  const std::vector<Step> order = best_order(sets, subscripts);

  const Dtype others = detail::dtype_of_all(operands);
  Dtype dtype = others;
  std::vector<Tensor> given(operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    Tensor adapted;
    given[i] = detail::beside("einsum", operands[i], others, adapted);
    dtype = promote(dtype, given[i].dtype());
  }
  std::vector<Term> terms;
  for (std::size_t i = 0; i < operands.size(); ++i)
    terms.push_back(simplified({given[i].to(dtype), subscripts.inputs[i]}, kept[i]));
  const Labels wanted = lasting(subscripts.output, subscripts);
  for (const Step& step : order) {
    Term& first = terms[step.first];
    first = contracted(first, terms[step.second], step.kept, terms.size() == 2 ? wanted : Labels());
    terms[step.second] = std::move(terms.back());
    terms.pop_back();
  }
  Shape shape;
  for (const char label : subscripts.output) shape.push_back(subscripts.extent(label));
  return reshape(ordered(terms[0], wanted), shape);
}

}  // namespace xtape
