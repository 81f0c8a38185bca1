#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/reduction.hpp>

XTAPE_EXPORT_BEGIN

/// Losses that are logarithms of densities. Predictions and targets have one shape.
namespace xtape::nn {

struct KLDivergenceOptions {
  Reduction reduction = Reduction::mean;
  bool log_target = false;  ///< targets are logarithms of probabilities too
  std::int64_t axis = -1;   ///< of the classes
};

/// Divergence of probabilities q from targets p, each row of classes: sum of p (log p - log q).
///   log q, as log_softmax gives, and p of one shape [..., classes]
///   ->   the mean over the rows (of [n, classes] PyTorch's `batchmean`), or with Reduction::none one for each, [...]
///   dlog_q = -g p;  dp = g (log p - log q + 1), 0 where p is 0;  of log p: dlog_p = g p (log p - log q + 1)
/// A class that has no part of p has none of the loss, whatever its q is.
/// Throws ShapeError if the shapes differ, DtypeError unless both are floating, IndexError for an
/// axis that there is not, ValueError for a target outside [0, 1] unless it is a logarithm. Source:
/// Kullback and Leibler, On Information and Sufficiency (1951).
[[nodiscard]] Tensor kl_divergence(const Tensor& log_probabilities, const Tensor& targets,
                                   const KLDivergenceOptions& options = {});

struct GaussianNLLOptions {
  Reduction reduction = Reduction::mean;
  bool full = false;  ///< with log(2 pi) / 2, which is constant
  double eps = 1e-6;  ///< the least variance; the derivative goes on below it
};

/// Negative log-likelihood of targets t of normal variables, (log v + (t - m)² / v) / 2.
///   means m, targets t and variances v of one shape [n] or [n, outputs...]
///   ->   the mean over all elements; with Reduction::none the mean over the outputs of each sample,
///        with Reduction::sum the sum of those
///   dm = g (m - t) / v, dt = -dm, dv = g (1 - (t - m)² / v) / (2 v)
/// Throws ShapeError if the shapes differ, DtypeError unless means and variances are floating,
/// ValueError for a variance that is negative or not finite, or an eps that is not above 0. Source:
/// Nix and Weigend, Estimating the mean and variance of the target probability distribution (1994).
[[nodiscard]] Tensor gaussian_nll_loss(const Tensor& means, const Tensor& targets,
                                       const Tensor& variances,
                                       const GaussianNLLOptions& options = {});

struct PoissonNLLOptions {
  Reduction reduction = Reduction::mean;
  bool log_input = true;  ///< predictions are logarithms of rates
  bool full = false;      ///< with Stirling's approximation of log t! for t > 1, which is constant
  double eps = 1e-8;      ///< added to a rate before its logarithm is taken
};

/// Negative log-likelihood of counts t of Poisson variables: exp(x) - t x of logarithms of rates,
/// or r - t log(r + eps) of rates; shapes and reduction as above.
///   dx = g (exp(x) - t), dt = -g x;  dr = g (1 - t / (r + eps))
/// Throws ShapeError if the shapes differ, DtypeError unless the predictions are floating,
/// ValueError for a target that is negative or not finite, or an eps that is not above 0.
[[nodiscard]] Tensor poisson_nll_loss(const Tensor& predictions, const Tensor& targets,
                                      const PoissonNLLOptions& options = {});

}  // namespace xtape::nn

XTAPE_EXPORT_END
