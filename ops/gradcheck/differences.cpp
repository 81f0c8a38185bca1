#include <algorithm>
#include <cmath>
#include <limits>

#include <xtape/ops/gradcheck/differences.hpp>

namespace xtape::detail {
bool OneSided::diverges() const {
  return std::abs(quotients[2]) > 1.05 * std::abs(quotients[1]) + noise;
}

double OneSided::limit() const {
  if (diverges()) return std::copysign(std::numeric_limits<double>::infinity(), quotients[2]);
  return quotients[1];  // less curvature than in the first, less rounding than in the last
}

bool OneSided::converge_to(double limit) const {
  const auto distance = [&](std::size_t i) { return std::abs(quotients[i] - limit); };
  return distance(1) < 0.5 * distance(0) && distance(2) < 0.5 * distance(1);
}

Line::Line(const Function& function, const Values& point, Values direction, bool relative)
    : function_(function),
      point_(point),
      direction_(std::move(direction)),
      scale_(relative ? 0 : 1) {
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (direction_[i] != 0 && std::isfinite(point[i]))
      scale_ = std::max(scale_, std::abs(point[i]));
  }
  if (scale_ == 0) scale_ = 1;
}

const Values& Line::at(double t) {
  const auto [place, is_new] = evaluated_.try_emplace(t);
  if (is_new) {
    Values moved = point_;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += t * direction_[i];
    place->second = function_(moved);
  }
  return place->second;
}

double Line::central(std::size_t k, bool six_points, double step) {
  const double h = step * scale_;
  const auto pair = [&](double n) {
    const double front = at(n * h)[k], back = at(-n * h)[k];
    return front == back ? 0 : front - back;  // 0 for two infinities
  };
  return six_points ? (45 * pair(1) - 9 * pair(2) + pair(3)) / (60 * h) : pair(1) / (2 * h);
}

double Line::noise(std::size_t k, double step) {
  const double value = std::abs(at(0)[k]);
  return std::isfinite(value)
             ? 64 * std::numeric_limits<double>::epsilon() * value / (step * scale_)
             : 0;
}

OneSided Line::side(std::size_t k, double sign) {
  OneSided side;
  for (std::size_t i = 0; i < OneSided::steps.size(); ++i) {
    const double h = OneSided::steps[i] * scale_;
    const double here = at(0)[k], near = at(sign * h)[k], far = at(2 * sign * h)[k];
    const bool constant = near == here && far == here;  // also an infinity
    side.quotients[i] = constant ? 0 : sign * (4 * near - far - 3 * here) / (2 * h);
  }
  side.noise = noise(k, OneSided::steps.back());
  return side;
}

}  // namespace xtape::detail
