#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Lists of sequences of different lengths, and batches of them.
namespace xtape::nn {

struct PadSequenceOptions {
  Number value = 0;                         ///< behind the end of each sequence
  std::optional<std::int64_t> length = {};  ///< of the result; the longest, unless given
};

/// Sequences of different lengths one below the other, each filled up behind its end.
///   n sequences [length_i, ...]   ->   y [n, length, ...]      each gets its part of g
/// Throws ValueError for no sequence, a value that does not fit in their dtype and a length below
/// that of one; ShapeError, DtypeError unless they are alike but for the first axis.
[[nodiscard]] Tensor pad_sequence(const std::vector<Tensor>& sequences,
                                  const PadSequenceOptions& options = {});

/// Their lengths, int64 [n], as recurrent layers and `ctc_loss` take them. Throws ShapeError for
/// one without an axis.
[[nodiscard]] Tensor sequence_lengths(const std::vector<Tensor>& sequences);

/// The sequences of a padded batch again: y [n, length, ...] and lengths int64 [n]   ->   n times
/// [length_i, ...], views.
/// Throws ShapeError, DtypeError, ValueError for a length that y does not have.
[[nodiscard]] std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths);

}  // namespace xtape::nn

XTAPE_EXPORT_END
