#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck/compare.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::detail {
namespace {

using Flags = std::vector<bool>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t most_subset_inputs = 6;  // all subsets up to here, beyond one input at a time

struct Settings {
  explicit Settings(const GradcheckOptions& options)
      : six(options.stencil == Stencil::six_point),
        eps(require_positive("gradcheck", "eps", options.eps.value_or(six ? 1e-3 : 1e-6))),
        atol(require_not_negative("gradcheck", "atol",
                                  options.atol.value_or(options.relative ? 0
                                                        : six            ? 1e-8
                                                                         : 1e-6))),
        rtol(require_not_negative("gradcheck", "rtol", options.rtol.value_or(six ? 1e-6 : 1e-5))) {}
  bool six;
  double eps, atol, rtol;
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
bool same(const Values& a, const Values& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return same(x, y); });
}

/// Checks the first derivatives of a problem.
class Check {
 public:
  Check(const Problem& problem, const GradcheckOptions& options, GradcheckResult& result)
      : problem_(problem),
        options_(options),
        settings_(options),
        result_(result),
        rng_(options.seed + 1) {
    point_ = flattened(problem.inputs);
    finite_point_ =
        std::all_of(point_.begin(), point_.end(), [](double x) { return std::isfinite(x); });
    moved_ = [&problem](const Values& point) {  // recorded: the function may take gradients itself
      return flattened(call(problem, unflattened(point, problem.inputs)));
    };
    leaves_ = as_leaves(problem.inputs, Flags(problem.inputs.size(), true));
    const RecordingScope on(true);
    outputs_ = call(problem, leaves_);
    values_ = flattened(outputs_);
    cotangents_ = unflattened(random_values(values_.size(), rng_), outputs_);
    gradient_ = gradient(outputs_, leaves_, cotangents_);
  }

  void run() {
    const auto floating = [](const Tensor& tensor) { return is_floating(tensor); };
    const auto finite = [](double x) { return std::isfinite(x); };
    if (std::none_of(outputs_.begin(), outputs_.end(), floating) ||
        std::none_of(leaves_.begin(), leaves_.end(), floating)) {
      complain("there is nothing to compare: no input, or no result, is floating");
    }
    if (!point_.empty() && std::none_of(point_.begin(), point_.end(), finite))
      complain("there is nothing to compare: no input is finite");
    check_repeatable();
    check_zero_cotangents();
    if (options_.subsets) check_subsets();
    if (!(options_.fast && one_direction_agrees())) check_jacobian();
    if (result_.problem.empty() && result_.differing == 0) check_forward();
    result_.passed = result_.problem.empty() && result_.differing == 0;
  }

 private:
  /// Gradients as one list of numbers, 0 where nothing flows.
  Values gradient(const Tensors& outputs, const Tensors& leaves, const Tensors& cotangents) const {
    Tensors result = gradients(outputs, leaves, cotangents, false);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (!result[i].defined()) result[i] = zeros_like(leaves[i]);
    }
    return flattened(result);
  }

  void complain(const std::string& problem) {
    if (result_.problem.empty()) result_.problem = problem;
  }

  void check_repeatable() {
    const RecordingScope on(true);
    if (!same(gradient_, gradient(outputs_, leaves_, cotangents_)))
      complain("two backward passes over one graph differ");
    const Tensors again = call(problem_, leaves_);
    if (!same(values_, flattened(again)))
      return complain("two calls of the function differ: is it random?");
    if (!same(gradient_, gradient(again, leaves_, cotangents_)))
      complain("the gradients of two calls differ");
  }

  void check_zero_cotangents() {
    const Values zero = gradient(outputs_, leaves_, unflattened(Values(values_.size()), outputs_));
    if (std::any_of(zero.begin(), zero.end(), [](double g) { return g != 0; })) {
      complain("cotangents of zero must give gradients of zero");
    }
  }

  /// Forward mode, where every operation has it, gives the same: vᵀ (J u) = (vᵀ J) u.
  void check_forward() {
    const Tensors u = unflattened(direction(), leaves_);
    Tensors inputs, tangents;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      if (!is_floating(leaves_[i])) continue;
      inputs.push_back(leaves_[i].detach());
      tangents.push_back(u[i]);
    }
    if (inputs.empty() || values_.empty()) return;
    double expected = 0, size = 0, tangent = 0;
    const Values flat = flattened(tangents);
    for (std::size_t i = 0; i < flat.size(); ++i) {
      if (flat[i] == 0) continue;
      expected += gradient_[i] * flat[i];
      size += std::abs(gradient_[i] * flat[i]);
    }
    if (!std::isfinite(size)) return;
    const NoGradGuard outside;
    std::optional<Linearized> at;
    try {
      at.emplace("gradcheck", projection(), inputs);
    } catch (const Error&) {  // it looks at whether its inputs are leaves, say
      return;
    }
    try {
      tangent = at->push(tangents).item();
    } catch (const NoForwardMode&) {
      return;
    } catch (const Error& error) {
      return complain(std::string("forward mode fails: ") + error.what());
    }
    if (std::abs(tangent - expected) <= tolerance(size, tangent)) return;
    complain("forward mode gives the tangent " + text(tangent) + " where backward gives " +
             text(expected));
  }

  /// The outputs weighted by the cotangents, as a function of the floating inputs.
  ListFunction projection() const {
    return [this](const Tensors& floating) {
      Tensors x = leaves_;
      auto next = floating.begin();
      for (Tensor& input : x) input = is_floating(input) ? *next++ : input;
      const Tensors y = call(problem_, x);
      Tensor total = zeros({}, Dtype::float64);
      for (std::size_t k = 0; k < y.size(); ++k) {
        if (is_floating(y[k])) total += sum(y[k] * cotangents_[k]);
      }
      return total;
    };
  }

  /// A random direction, in which what is infinite or NaN does not move: it has no differences.
  Values direction() {
    Values u = random_values(point_.size(), rng_);
    for (std::size_t i = 0; i < u.size(); ++i) {
      if (!std::isfinite(point_[i])) u[i] = 0;
    }
    return u;
  }

  /// Each subset of the inputs gets the gradients that it gets beside the others.
  void check_subsets() {
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      if (is_floating(leaves_[i])) candidates.push_back(i);
    }
    const std::size_t n = candidates.size();
    if (n < 2) return;
    const std::size_t subsets = n <= most_subset_inputs ? (std::size_t{1} << n) - 2 : n;
    for (std::size_t subset = 1; subset <= subsets; ++subset) {
      Flags flags(leaves_.size(), false);
      for (std::size_t i = 0; i < n; ++i) {
        flags[candidates[i]] = n <= most_subset_inputs ? (subset >> i & 1) != 0 : i + 1 == subset;
      }
      check_subset(flags);
    }
  }

  void check_subset(const Flags& flags) {
    const RecordingScope on(true);
    const Tensors leaves = as_leaves(problem_.inputs, flags);
    const Values alone = gradient(call(problem_, leaves), leaves, cotangents_);
    std::size_t element = 0;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (!is_floating(leaves[i])) continue;
      for (const std::size_t end = element + static_cast<std::size_t>(leaves[i].size());
           element < end; ++element) {
        const double expected = flags[i] ? gradient_[element] : 0;
        if (same(alone[element], expected) ||
            std::abs(alone[element] - expected) <= tolerance(expected, 0))
          continue;
        return complain("the gradient of " +
                        element_name(problem_.inputs, problem_.names, element) + " is " +
                        text(alone[element]) + " if only some inputs require gradients, and " +
                        text(expected) + " if all do");
      }
    }
  }

  double tolerance(double a, double b) const {
    return settings_.atol + settings_.rtol * std::max(std::abs(a), std::abs(b));
  }

  /// vᵀ(J u) = (vᵀ J) u for random u and v, as far as that is all finite.
  bool one_direction_agrees() {
    const Values u = direction();
    const Values v = flattened(cotangents_);
    Line line(moved_, point_, u, options_.relative);
    double analytic = 0, numeric = 0, noise = 0;
    for (std::size_t i = 0; i < u.size(); ++i) analytic += u[i] == 0 ? 0 : gradient_[i] * u[i];
    for (std::size_t k = 0; k < v.size(); ++k) {
      numeric += v[k] * line.central(k, settings_.six, settings_.eps);
      noise += std::abs(v[k]) * line.noise(k, settings_.eps);
    }
    result_.compared = 1;
    return std::abs(analytic - numeric) <= tolerance(analytic, numeric) + noise;
  }

  void check_jacobian() {
    std::vector<Values> jacobian;
    for (std::size_t k = 0; k < values_.size(); ++k) {
      Values one(values_.size());
      one[k] = 1;
      jacobian.push_back(gradient(outputs_, leaves_, unflattened(one, outputs_)));
    }
    check_linear(jacobian);
    result_.compared = 0;
    for (std::size_t i = 0; i < point_.size(); ++i) {
      if (!std::isfinite(point_[i])) continue;
      Values axis(point_.size());
      axis[i] = 1;
      Line line(moved_, point_, std::move(axis), options_.relative);
      for (std::size_t k = 0; k < values_.size(); ++k) compare(line, k, i, jacobian[k][i]);
    }
  }

  /// Gradients are linear in the cotangents.
  void check_linear(const std::vector<Values>& jacobian) {
    const Values v = flattened(cotangents_);
    for (std::size_t i = 0; i < point_.size(); ++i) {
      double sum = 0, size = 0;
      for (std::size_t k = 0; k < v.size(); ++k) {
        sum += v[k] * jacobian[k][i];
        size += std::abs(v[k] * jacobian[k][i]);
      }
      if (std::abs(sum - gradient_[i]) > tolerance(size, gradient_[i])) {  // false for NaN and inf
        complain("the gradient of " + element_name(problem_.inputs, problem_.names, i) +
                 " is not linear in the cotangents");
      }
    }
  }

  void compare(Line& line, std::size_t k, std::size_t i, double analytic) {
    if (!finite_point_ && !std::isfinite(values_[k])) return;  // of another input, which is not
    GradcheckEntry entry{.analytic = analytic,
                         .numeric = line.central(k, settings_.six, settings_.eps)};
    const double tolerated = tolerance(analytic, entry.numeric) + line.noise(k, settings_.eps);
    entry.error = std::abs(analytic - entry.numeric) / tolerated;
    entry.left = entry.right = entry.numeric;
    bool agrees = entry.error <= 1;
    if (!agrees) {
      const OneSided left = line.side(k, -1), right = line.side(k, 1);
      entry.left = left.limit();
      entry.right = right.limit();
      agrees = fits(analytic, left, right, tolerated);
    }
    ++result_.compared;
    if (agrees) return;
    if (std::isnan(entry.error)) entry.error = infinity;
    if (result_.differing++ == 0 || entry.error > result_.worst.error) {
      entry.output = element_name(outputs_, numbered("output", outputs_.size()), k);
      entry.input = element_name(problem_.inputs, problem_.names, i);
      result_.worst = entry;
    }
  }

  /// Whether a derivative is right where no central difference agrees with it: at a kink, or at the
  /// edge of the domain.
  static bool fits(double analytic, const OneSided& left, const OneSided& right, double tolerated) {
    const double l = left.limit(), r = right.limit();
    if (std::isnan(l) && std::isnan(r)) return std::isnan(analytic) || analytic == 0;
    if (std::isinf(analytic)) return analytic == l || analytic == r;
    const double low = std::fmin(l, r), high = std::fmax(l, r);  // of those that are numbers
    return (low - tolerated <= analytic && analytic <= high + tolerated) ||
           left.converge_to(analytic) || right.converge_to(analytic);
  }

  const Problem& problem_;
  const GradcheckOptions& options_;
  Settings settings_;
  GradcheckResult& result_;
  Rng rng_;
  Values point_;
  bool finite_point_;
  Line::Function moved_;  // from a point near by to all outputs
  Tensors leaves_, outputs_, cotangents_;
  Values values_, gradient_;  // gradient_: of the outputs weighted by cotangents_
};

}  // namespace

void compare_derivatives(const Problem& problem, const GradcheckOptions& options,
                         GradcheckResult& result) {
  Check(problem, options, result).run();
}

}  // namespace xtape::detail
