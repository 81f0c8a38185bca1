#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/state.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/lbfgs.hpp>

namespace xtape::optim {
namespace {

double product(const Tensor& a, const Tensor& b) { return dot(a, b).item(); }
double greatest(const Tensor& x) { return x.size() == 0 ? 0 : amax(abs(x)).item(); }

/// Tensors one behind the other, float64 [size].
Tensor flat(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> parts;
  parts.reserve(tensors.size());
  for (const Tensor& tensor : tensors)
    parts.push_back(reshape(tensor.detach().to(Dtype::float64), {tensor.size()}));
  return concatenate(parts, 0);
}

/// Where the cubic through two values and slopes is least; the middle if there is no such place
/// between the ends, or too close to one.
double cubic_minimum(double a, double fa, double ga, double b, double fb, double gb) {
  const double middle = (a + b) / 2, width = std::abs(b - a);
  const double d = ga + gb - 3 * (fa - fb) / (a - b);
  const double square = d * d - ga * gb;
  if (!(square >= 0)) return middle;
  const double root = std::copysign(std::sqrt(square), b - a);
  const double least = b - (b - a) * (gb + root - d) / (gb - ga + 2 * root);
  const double margin = 0.1 * width;
  const bool inside = least > std::min(a, b) + margin && least < std::max(a, b) - margin;
  return inside ? least : middle;
}

}  // namespace

/// The loss some way along a direction.
struct LBFGS::Point {
  double way = 0, loss = 0, slope = 0;
  Tensor place = {}, gradient = {};
};

/// The loss as a function of all parameters that have a part in it, as one vector.
class LBFGS::Problem {
 public:
  Problem(const NamedTensors& parameters, const std::function<Tensor()>& loss) : loss_(loss) {
    for (const auto& [name, parameter] : parameters) {
      if (!parameter.requires_grad()) continue;
      parameters_.push_back(parameter);
      before_.push_back(parameter.detach().clone());
    }
    if (parameters_.empty()) throw GradError("lbfgs: all parameters are frozen");
    start_ = flat(before_);
  }
  ~Problem() {
    if (done_) return;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      detail::replace_value(parameters_[i], before_[i]);
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  const Tensor& start() const { return start_; }
  std::int64_t evaluations() const { return evaluations_; }
  void finish(const Tensor& place) {
    move_to(place);
    done_ = true;
  }

  Point at(const Tensor& place, double way, const Tensor& direction) {
    move_to(place);
    Point point = here(place);
    point.way = way;
    point.slope = product(point.gradient, direction);
    return point;
  }
  /// Loss and gradient where the parameters are.
  Point here(const Tensor& place) {
    ++evaluations_;
    for (const Tensor& parameter : parameters_) parameter.zero_grad();
    const Tensor loss = loss_();
    if (!loss.defined() || loss.size() != 1) {
      throw ShapeError("lbfgs: the loss must be one number; got " +
                       (loss.defined() ? loss.describe() : std::string("an undefined tensor")));
    }
    loss.backward();
    std::vector<Tensor> gradients;
    for (const Tensor& parameter : parameters_) {
      const Tensor g = parameter.grad();
      gradients.push_back(g.defined() ? g : zeros_like(parameter));
    }
    return {0, loss.detach().item(), 0, place, flat(gradients)};
  }

 private:
  void move_to(const Tensor& place) {
    std::int64_t begin = 0;
    for (const Tensor& parameter : parameters_) {
      const std::int64_t end = begin + parameter.size();
      const Tensor part = reshape(slice(place, {range(begin, end)}), parameter.shape());
      parameter.assign(part.to(parameter.dtype()));
      begin = end;
    }
  }
  const std::function<Tensor()>& loss_;
  std::vector<Tensor> parameters_, before_;
  Tensor start_;
  std::int64_t evaluations_ = 0;
  bool done_ = false;
};

namespace {

/// A search along a line for a point of which both the loss is enough lower and the slope enough
/// flatter.
template <class Point, class Evaluate>
class LineSearch {
 public:
  LineSearch(const Point& start, std::int64_t evaluations, const Evaluate& evaluate)
      : start_(start), best_(start), left_(evaluations), evaluate_(evaluate) {}

  /// The best point that was found; the start if none is lower.
  Point from(double way) {
    Point last = start_;
    while (left_ > 0) {
      Point now = next(way);
      if (!std::isfinite(now.loss) || !lower(now) || (last.way > 0 && now.loss >= last.loss))
        return zoom(last, now);
      if (flatter(now)) return now;
      if (now.slope >= 0) return zoom(now, last);
      last = now;
      way *= 2.5;
    }
    return best_;
  }

 private:
  bool lower(const Point& p) const { return p.loss <= start_.loss + 1e-4 * p.way * start_.slope; }
  bool flatter(const Point& p) const { return std::abs(p.slope) <= -0.9 * start_.slope; }

  Point next(double way) {
    --left_;
    Point point = evaluate_(way);
    if (std::isfinite(point.loss) && point.loss < best_.loss) best_ = point;
    return point;
  }
  /// Between two points, of which the first is the lower one and slopes towards the other.
  Point zoom(Point low, Point high) {
    while (left_ > 0 && std::abs(high.way - low.way) > 1e-12 * std::max(high.way, low.way)) {
      const bool known = std::isfinite(high.loss) && std::isfinite(high.slope);
      const double way =
          known ? cubic_minimum(low.way, low.loss, low.slope, high.way, high.loss, high.slope)
                : low.way + (high.way - low.way) / 4;
      Point now = next(way);
      if (!std::isfinite(now.loss) || !lower(now) || now.loss >= low.loss) {
        high = now;
        continue;
      }
      if (flatter(now)) return now;
      if (now.slope * (high.way - low.way) >= 0) high = low;
      low = now;
    }
    return best_;
  }

  const Point& start_;
  Point best_;
  std::int64_t left_;
  const Evaluate& evaluate_;
};

}  // namespace

LBFGS::LBFGS(const Parameters& parameters, const LBFGSOptions& options)
    : parameters_(parameters.named()), options_(options) {
  using detail::require_at_least, detail::require_positive, detail::require_not_negative;
  require_positive("lbfgs", "learning_rate", options.learning_rate);
  require_at_least<std::int64_t>("lbfgs", "iterations", options.iterations, 1);
  require_at_least<std::int64_t>("lbfgs", "evaluations", options.evaluations, 1);
  require_at_least<std::int64_t>("lbfgs", "history", options.history, 1);
  require_not_negative("lbfgs", "gradient_tolerance", options.gradient_tolerance);
  require_not_negative("lbfgs", "change_tolerance", options.change_tolerance);
  if (parameters_.empty()) throw ValueError("lbfgs: parameters are needed; got none");
  for (const auto& [name, parameter] : parameters_) {
    detail::require_defined("lbfgs", name.c_str(), parameter);
    if (!parameter.is_leaf() || !is_floating(parameter.dtype()))
      throw GradError("lbfgs: parameters must be floating leaves; got \"" + name + "\", " +
                      parameter.describe());
  }
}

/// Against the gradient, through the inverse Hessian that the changes tell of: two loops over them.
Tensor LBFGS::direction(const Tensor& gradient) const {
  Tensor d = -gradient;
  if (pairs_.empty()) return d;
  std::vector<double> shares(pairs_.size());
  for (std::size_t i = pairs_.size(); i > 0; --i) {
    const auto& [step, change] = pairs_[i - 1];
    shares[i - 1] = product(step, d) / product(step, change);
    d = d - shares[i - 1] * change;
  }
  const Pair& last = pairs_.back();
  d = d * (product(last.step, last.change) / product(last.change, last.change));
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const auto& [step, change] = pairs_[i];
    d = d + (shares[i] - product(change, d) / product(step, change)) * step;
  }
  return d;
}

/// One line search; whether there may be another.
bool LBFGS::advance(Problem& problem, Point& now, LBFGSResult& result) {
  result.converged = greatest(now.gradient) <= options_.gradient_tolerance;
  if (result.converged) return false;
  Tensor d = direction(now.gradient);
  now.slope = product(now.gradient, d);
  if (!(now.slope < 0)) {  // rounding has spoilt what is known of the curvature
    pairs_.clear();
    d = -now.gradient;
    now.slope = -product(d, d);
  }
  const double first = pairs_.empty() ? std::min(1.0, 1 / sum(abs(now.gradient)).item()) : 1;
  now.way = 0;
  const auto evaluate = [&](double way) { return problem.at(now.place + way * d, way, d); };
  const Point next = LineSearch<Point, decltype(evaluate)>(now, options_.evaluations, evaluate)
                         .from(first * options_.learning_rate);
  ++result.iterations;
  if (next.way == 0) return false;
  const Tensor step = next.place - now.place, change = next.gradient - now.gradient;
  if (product(step, change) > 1e-10 * product(change, change)) {
    pairs_.push_back({step, change});
    forget_oldest();
  }
  const double most = std::max(std::abs(now.loss - next.loss), greatest(step));
  result.converged = most <= options_.change_tolerance;
  now = next;
  return !result.converged;
}

/// Those that are not frozen. What is known of the curvature is of them alone.
std::vector<std::string> LBFGS::free_names() const {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_)
    if (parameter.requires_grad()) names.push_back(name);
  return names;
}

void LBFGS::forget_oldest() {
  while (std::ssize(pairs_) > options_.history) pairs_.erase(pairs_.begin());
}

LBFGSResult LBFGS::step(const std::function<Tensor()>& loss) {
  Problem problem(parameters_, loss);
  if (std::vector<std::string> names = free_names(); names != names_) {
    pairs_.clear();
    names_ = std::move(names);
  }
  std::vector<Pair> before = pairs_;
  LBFGSResult result;
  try {
    Point now = problem.here(problem.start());
    if (!std::isfinite(now.loss))
      throw ValueError("lbfgs: the loss must be finite; got " + detail::text(now.loss));
    while (result.iterations < options_.iterations && advance(problem, now, result)) {
    }
    problem.finish(now.place);
    result.loss = now.loss;
    result.gradient = greatest(now.gradient);
  } catch (...) {
    pairs_.swap(before);
    throw;
  }
  result.evaluations = problem.evaluations();
  return result;
}

void LBFGS::reset() { pairs_.clear(); }

NamedTensors LBFGS::state() const {
  NamedTensors state;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    state.emplace_back("step." + std::to_string(i), pairs_[i].step);
    state.emplace_back("change." + std::to_string(i), pairs_[i].change);
  }
  return state;
}

void LBFGS::restore(const NamedTensors& given) {
  std::int64_t size = 0;
  for (const auto& [name, parameter] : parameters_)
    size += parameter.requires_grad() ? parameter.size() : 0;
  NamedTensors expected;
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    for (const char* name : {"step.", "change."})
      expected.emplace_back(name + std::to_string(i), zeros({size}, Dtype::float64));
  }
  const detail::MatchedState matched = detail::match_state(expected, given);
  pairs_.clear();
  for (std::size_t i = 0; i < expected.size(); i += 2)
    pairs_.push_back({matched.entries[i].second, matched.entries[i + 1].second});
  forget_oldest();
  names_ = free_names();
}

}  // namespace xtape::optim
