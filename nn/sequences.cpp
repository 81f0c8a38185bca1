#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/sequences.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::nn {
namespace {

/// The lengths of sequences, each with an axis for it.
std::vector<std::int64_t> lengths_of(const char* op, const std::vector<Tensor>& sequences) {
  std::vector<std::int64_t> lengths;
  for (const Tensor& one : sequences) {
    xtape::detail::require_defined(op, "each sequence", one);
    if (one.rank() == 0)
      throw ShapeError(std::string(op) + ": a sequence needs an axis; got " + one.describe());
    lengths.push_back(one.extent(0));
  }
  return lengths;
}

}  // namespace

Tensor pad_sequence(const std::vector<Tensor>& sequences, const PadSequenceOptions& options) {
  const char* const op = "pad_sequence";
  if (sequences.empty()) throw ValueError("pad_sequence: sequences are needed; got none");
  const std::vector<std::int64_t> lengths = lengths_of(op, sequences);
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const std::int64_t length = options.length.value_or(longest);
  if (length < longest) {
    throw ValueError("pad_sequence: length must be at least that of the longest sequence, " +
                     std::to_string(longest) + "; got " + std::to_string(length));
  }
  const Tensor& first = sequences.front();
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Tensor& one = sequences[i];
    if (!std::ranges::equal(one.shape().begin() + 1, one.shape().end(), first.shape().begin() + 1,
                            first.shape().end())) {
      throw ShapeError("pad_sequence: the sequences must be alike but for the first axis; got " +
                       first.describe() + " and " + one.describe());
    }
    if (one.dtype() != first.dtype()) {
      throw DtypeError("pad_sequence: the sequences must have one dtype; got " + first.describe() +
                       " and " + one.describe());
    }
    std::vector<Padding> widths(static_cast<std::size_t>(one.rank()));
    widths[0].after = length - lengths[i];
    rows.push_back(pad(one, widths, options.value));
  }
  return stack(rows);
}

Tensor sequence_lengths(const std::vector<Tensor>& sequences) {
  return from_vector(lengths_of("sequence_lengths", sequences));
}

std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths) {
  const char* const op = "unpad_sequence";
  xtape::detail::require_defined(op, "the padded tensor", padded);
  xtape::detail::require_defined(op, "lengths", lengths);
  if (padded.rank() < 2 || lengths.shape() != Shape{padded.extent(0)}) {
    throw ShapeError("unpad_sequence: [n, length, ...] and lengths [n] are needed; got " +
                     padded.describe() + " and " + lengths.describe());
  }
  if (lengths.dtype() != Dtype::int64)
    throw DtypeError("unpad_sequence: lengths must be int64; got " + lengths.describe());
  std::vector<Tensor> sequences;
  for (const std::int64_t length : lengths.to_vector<std::int64_t>()) {
    if (length < 0 || length > padded.extent(1)) {
      throw ValueError("unpad_sequence: lengths must lie in [0, " +
                       std::to_string(padded.extent(1)) + "]; got " + std::to_string(length));
    }
    sequences.push_back(slice(padded, {std::ssize(sequences), range(0, length)}));
  }
  return sequences;
}

}  // namespace xtape::nn
