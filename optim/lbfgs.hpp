#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/optim/parameters.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct LBFGSOptions {
  double learning_rate = 1;          ///< the length that a line search tries first
  std::int64_t iterations = 20;      ///< at most, in a step
  std::int64_t evaluations = 25;     ///< of the loss at most, in a line search
  std::int64_t history = 10;         ///< changes of the gradient that are kept
  double gradient_tolerance = 1e-7;  ///< ends a step once no element is greater
  double change_tolerance = 1e-9;    ///< ends it once neither loss nor parameters change more
};

/// What a step of LBFGS came to.
struct LBFGSResult {
  double loss = 0;              ///< at the parameters as they are now
  double gradient = 0;          ///< its greatest element there
  std::int64_t iterations = 0;  ///< that were made
  std::int64_t evaluations = 0;
  bool converged = false;  ///< by a tolerance, not for want of iterations or of a longer way down
};

/// Limited-memory BFGS with a line search to the strong conditions of Wolfe: for losses that are
/// the same function of the parameters each time, as of all the data at once. It needs the loss as
/// a function:
/// ```
/// optim::LBFGS optimizer(model);
/// const auto result = optimizer.step([&] { return nn::mean_squared_error(model(x), y); });
/// ```
/// Computed in float64, whatever the parameters' dtype. Parameters that are frozen, or that the
/// loss does not depend on, stay as they are; once one is frozen or thawed, the changes so far are
/// forgotten; those that are not frozen have the gradients of the last evaluation. Source: Nocedal
/// and Wright, Numerical Optimization (2006), algorithms 7.4, 7.5, 3.5 and 3.6.
class LBFGS {
 public:
  /// Throws ValueError for options out of range and for no parameters, GradError for a tensor that
  /// is no leaf.
  explicit LBFGS(const Parameters& parameters, const LBFGSOptions& options = {});

  /// Goes down as far as the options allow. If the loss throws, the parameters are as they were.
  /// Throws ShapeError unless it is one number, ValueError if it is NaN or infinite where the step
  /// begins.
  LBFGSResult step(const std::function<Tensor()>& loss);
  LBFGSResult step(const Tensor& loss) = delete;  // a value: it cannot be computed again

  /// Forgets the changes of the gradient: after the loss has become another function.
  void reset();

  /// The changes that are kept, by which another LBFGS of such parameters goes on as this one
  /// would.
  NamedTensors state() const;
  /// Throws, with nothing changed, ValueError or ShapeError for a state of other parameters.
  void restore(const NamedTensors& state);

 private:
  /// The change of the parameters and that of the gradient, float64 [size].
  struct Pair {
    Tensor step, change;
  };
  struct Point;
  class Problem;
  Tensor direction(const Tensor& gradient) const;
  bool advance(Problem& problem, Point& now, LBFGSResult& result);
  std::vector<std::string> free_names() const;
  void forget_oldest();

  NamedTensors parameters_;
  LBFGSOptions options_;
  std::vector<Pair> pairs_;
  std::vector<std::string> names_;  // of the parameters that the pairs are of
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
