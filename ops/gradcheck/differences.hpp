#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

/// Finite differences of functions R^n -> R^m.
namespace xtape::detail {

using Values = std::vector<double>;

/// Difference quotients from one side, for ever smaller steps.
struct OneSided {
  static constexpr std::array steps{1e-3, 1e-5, 1e-7};
  std::array<double, steps.size()> quotients;
  double noise;  // rounding error of the last

  /// Whether they grow without end.
  bool diverges() const;
  /// What they tend to, maybe infinity; NaN where the function is not defined.
  double limit() const;
  /// Whether they come ever closer to `limit`, however slowly, like those of x^1.5 at 0.
  bool converge_to(double limit) const;
};

/// A function on the line  point + t direction.
class Line {
 public:
  using Function = std::function<Values(const Values&)>;
  /// Steps are in proportion to |x|: above 1, or always if `relative`.
  Line(const Function& function, const Values& point, Values direction, bool relative);

  /// Derivative of the k-th result: central difference over 2 or 6 points, `step` apart.
  double central(std::size_t k, bool six_points, double step);
  /// What rounding may do to it.
  double noise(std::size_t k, double step);
  /// One-sided differences of second order, in the direction or, for sign = -1, against it.
  OneSided side(std::size_t k, double sign);

 private:
  const Values& at(double t);

  const Function& function_;
  const Values& point_;
  Values direction_;
  double scale_;
  std::map<double, Values> evaluated_;
};

}  // namespace xtape::detail
