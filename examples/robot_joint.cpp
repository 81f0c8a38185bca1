// Inertia, friction and weight of a robot's joint from torques and angles as they are measured,
// with noise. The equation of motion is linear in them, so that least squares would do, if speeds
// and accelerations were known; those that are differences of noisy angles mislead. Through an
// integrator the angles alone are fitted, by Levenberg and Marquardt's method: parameters, and
// where the joint is at the beginning of each half second (multiple shooting).
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  double angle_noise = 1e-3, torque_noise = 0.005;
  int seconds = 10;
  std::uint64_t seed = 0;
};

constexpr std::int64_t steps = 100;  // of a piece
constexpr double dt = 0.005;
const char* const names[] = {"inertia", "viscous friction", "Coulomb friction", "weight times arm"};
const std::vector<double> truth{0.05, 0.08, 0.15, 0.6};  // kg m2, N m s, N m, N m

/// The acceleration of an angle by numbers or tensors; near to rest, friction gives way.
template <class T, class P>
T acceleration(const T& angle, const T& speed, const T& torque, const P& p) {
  using std::sin, std::tanh;
  return (torque - p[1] * speed - p[2] * tanh(speed / 0.02) - p[3] * sin(angle)) / p[0];
}

struct Record {
  Tensor angle, torque;  // [steps of all pieces + 1]
};

/// A joint that a few sines move, by short steps of Euler's method.
Record measured(const Flags& flags, Rng& rng) {
  std::vector<double> angles, torques;
  const Tensor phase = rng.uniform({4}, 0, 2 * std::numbers::pi);
  double angle = 0, speed = 0;
  for (std::int64_t i = 0; i <= std::lround(flags.seconds / dt); ++i) {
    double torque = 0;
    for (int k = 0; k < 4; ++k)
      torque +=
          0.5 * std::sin(2 * std::numbers::pi * (0.3 + 0.6 * k) * dt * static_cast<double>(i) +
                         phase[k].item());
    angles.push_back(angle);
    torques.push_back(torque);
    for (int part = 0; part < 50; ++part) {
      speed += dt / 50 * acceleration(angle, speed, torque, truth);
      angle += dt / 50 * speed;
    }
  }
  const Shape shape{static_cast<std::int64_t>(angles.size())};
  return {from_vector(angles) + rng.normal(shape, 0, flags.angle_noise),
          from_vector(torques) + rng.normal(shape, 0, flags.torque_noise)};
}

/// Least squares of torque = p . (acceleration, speed, its sign, sin(angle)), which are differences
/// over `apart` steps.
Tensor by_differences(const Record& all, std::int64_t apart) {
  const auto from = [&](const Tensor& x, std::int64_t first) {
    return slice(x, {range(first, x.size() - 2 * apart + first)});
  };
  const double h = static_cast<double>(apart) * dt;
  const Tensor before = from(all.angle, 0), now = from(all.angle, apart),
               behind = from(all.angle, 2 * apart);
  const Tensor speed = (behind - before) / (2 * h), rate = (behind - 2 * now + before) / (h * h);
  return linalg::lstsq(stack({rate, speed, tanh(speed / 0.02), sin(now)}, 1),
                       from(all.torque, apart));
}

/// Angles at all steps of all pieces, [steps + 1, pieces], of p: logarithms of the parameters, then
/// angles and speeds at the beginning of pieces. Runge and Kutta's method; torque [steps, pieces]
/// is held for a step.
Tensor simulated(const Tensor& p, const Tensor& torque) {
  const Tensor of_joint = exp(slice(p, {range(0, 4)}));
  const Tensor start = reshape(slice(p, {range(4, {})}), {2, -1});
  Tensor q = start[0], v = start[1];
  std::vector<Tensor> angles{q};
  for (std::int64_t i = 0; i < steps; ++i) {
    const Tensor now = torque[i];
    const auto pull = [&](const Tensor& angle, const Tensor& speed) {
      return acceleration(angle, speed, now, of_joint);
    };
    const Tensor a = pull(q, v), v2 = v + dt / 2 * a, b = pull(q + dt / 2 * v, v2);
    const Tensor v3 = v + dt / 2 * b, c = pull(q + dt / 2 * v2, v3);
    const Tensor v4 = v + dt * c, d = pull(q + dt * v3, v4);
    q += dt / 6 * (v + 2 * v2 + 2 * v3 + v4);
    v += dt / 6 * (a + 2 * b + 2 * c + d);
    angles.push_back(q);
  }
  return stack(angles);
}

void run(const Flags& flags) {
  set_default_dtype(Dtype::float64);
  Rng rng(flags.seed);
  const Record all = measured(flags, rng);
  const Tensor guess = by_differences(all, 5);

  const Tensor first = arange(0, all.angle.size() - 1, steps);  // of each piece
  const Tensor at = expand_dims(arange(steps + 1), 1) + first;
  const Tensor angle = take(all.angle, at), torque = take(all.torque, at);
  const auto residuals = [&](const Tensor& p) {
    return reshape(simulated(p, torque) - angle, {-1}) / flags.angle_noise;
  };
  const Tensor speed = (angle[10] - angle[0]) / (10 * dt);
  Tensor p = concatenate({log(tensor({0.1, 0.1, 0.1, 1.0})), angle[0], speed}), inverse;
  double damping = 1e-3, cost = sum(square(residuals(p))).item();
  for (int step = 0; step < 30; ++step) {
    const Tensor j = jacobian(residuals, p), normal = matmul(transpose(j), j);
    const Tensor damped = normal + damping * diag(xtape::diagonal(normal));
    const Tensor trial = p - linalg::solve(damped, matmul(transpose(j), residuals(p)));
    const double trial_cost = sum(square(residuals(trial))).item();
    damping *= trial_cost < cost ? 0.1 : 10;
    if (trial_cost >= cost) continue;
    p = trial;
    cost = trial_cost;
    inverse = linalg::inverse(normal);
  }
  const Tensor found = exp(slice(p, {range(0, 4)})),
               error = found * sqrt(slice(xtape::diagonal(inverse), {range(0, 4)}));
  std::printf("%-18s %8s %12s %11s %8s\n", "", "truth", "differences", "integrator", "error");
  for (std::size_t i = 0; i < 4; ++i) {
    const auto k = static_cast<std::int64_t>(i);
    std::printf("%-18s %8.4f %12.4f %11.4f %8.5f\n", names[i], truth[i], guess[k].item(),
                found[k].item(), error[k].item());
  }
  const Tensor right = from_vector(truth);
  std::printf("largest error %.1f %%, by differences %.1f %%; residuals are %.2f of the noise\n",
              100 * amax(abs(found / right - 1)).item(), 100 * amax(abs(guess / right - 1)).item(),
              std::sqrt(cost / static_cast<double>(angle.size())));
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Finds inertia, friction and weight of a joint from measured torques and angles.",
      {{"--seconds", &flags.seconds, "Record", integer_in(1, 100)},
       {"--angle-noise", &flags.angle_noise, "In radians", number_in(1e-9, 1)},
       {"--torque-noise", &flags.torque_noise, "In newton metres", not_negative},
       {"--seed", &flags.seed, "Seed of the motion and of noise", seeds}},
      [&] { run(flags); });
}
