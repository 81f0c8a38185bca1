#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct CTCOptions {
  Reduction reduction = Reduction::mean;
  std::int64_t blank = 0;      ///< the class that is no label
  bool zero_infinity = false;  ///< 0 instead of inf where the labels do not fit in the steps
  Tensor input_lengths = {};   ///< int64 [n], of at least 1; unless given, all t steps
  Tensor target_lengths = {};  ///< int64 [n]; unless given, all labels
};

/// Connectionist temporal classification: -log of the probability of all paths through the classes
/// that read as the labels, once repetitions and then blanks are left out.
///   log p [n, t, classes], as log_softmax gives   targets int64 [n, labels], what is behind a length unread
///   ->   each loss divided by its number of labels (at least 1), and the mean of those, as PyTorch's; with
///        Reduction::sum the sum, with Reduction::none one loss for each sample, [n]
///   dlog_p = -g P(class at the step | labels). (PyTorch's takes it for granted that log_softmax comes before,
///   and has its steps first, [t, n, classes].)
/// Labels that no path reads, more than there are steps, have the loss inf and the derivative 0.
/// Throws ShapeError, DtypeError, IndexError for a blank or label outside the classes and a label
/// that is the blank, ValueError for a length out of range.
/// Source: Graves et al., Connectionist Temporal Classification (2006), equations 6 to 16; the
/// second derivative by the same recursions, recorded.
[[nodiscard]] Tensor ctc_loss(const Tensor& log_probabilities, const Tensor& targets,
                              const CTCOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
