#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/gradcheck.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

struct RegressionLoss {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&, nn::Reduction)> loss;
  std::function<double(double)> of;     // an error p - t
  std::function<double(double)> slope;  // its derivative
};

const std::vector<RegressionLoss>& regression_losses() {
  static const std::vector<RegressionLoss> losses{
      {"mean_squared_error",
       [](auto& p, auto& t, auto r) { return nn::mean_squared_error(p, t, {.reduction = r}); },
       [](double d) { return d * d; }, [](double d) { return 2 * d; }},
      {"mean_absolute_error",
       [](auto& p, auto& t, auto r) { return nn::mean_absolute_error(p, t, {.reduction = r}); },
       [](double d) { return std::fabs(d); },
       [](double d) { return d == 0 ? 0 : std::copysign(1.0, d); }},
      {"huber_loss",
       [](auto& p, auto& t, auto r) {
         return nn::huber_loss(p, t, {.reduction = r, .delta = 0.5});
       },
       [](double d) {
         const double size = std::fabs(d);
         return size <= 0.5 ? d * d / 2 : 0.5 * (size - 0.25);
       },
       [](double d) { return std::fabs(d) <= 0.5 ? d : std::copysign(0.5, d); }},
  };
  return losses;
}

}  // namespace

TEST_CASE("regression losses by hand, in value and gradient, and their reductions") {
  const Tensor p = tensor({{1.0, 2.0}, {0.0, -1.0}, {0.5, 4.0}}, Dtype::float64);
  const Tensor t = tensor({{1.0, 1.75}, {2.0, -0.5}, {0.75, 4.5}}, Dtype::float64);
  const Doubles errors{0, 0.25, -2, -0.5, -0.25, -0.5};  // two lie where Huber's pieces meet
  for (const RegressionLoss& row : regression_losses()) {
    CAPTURE(row.name);
    Doubles samples;
    for (std::size_t i = 0; i < 6; i += 2) {
      samples.push_back((row.of(errors[i]) + row.of(errors[i + 1])) / 2);
    }
    const double total = samples[0] + samples[1] + samples[2];
    CHECK(values(row.loss(p, t, nn::Reduction::none)) == samples);
    CHECK(row.loss(p, t, nn::Reduction::sum).item() == total);
    CHECK(row.loss(p, t, nn::Reduction::mean).item() == doctest::Approx(total / 3).epsilon(1e-15));
    const Tensor a = p.clone().set_requires_grad(true), b = t.clone().set_requires_grad(true);
    row.loss(a, b, nn::Reduction::sum).backward();
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(values(a.grad())[i] == row.slope(errors[i]) / 2);
      CHECK(values(b.grad())[i] == -row.slope(errors[i]) / 2);
    }
  }
}

TEST_CASE("regression losses: derivatives of order 1 and 2, by predictions and by targets") {
  const Tensor p = Rng(1).randn({5, 3}, Dtype::float64), t = Rng(2).randn({5, 3}, Dtype::float64);
  for (const RegressionLoss& row : regression_losses()) {
    CAPTURE(row.name);
    for (const auto reduction : {nn::Reduction::mean, nn::Reduction::sum, nn::Reduction::none}) {
      CHECK(gradcheck([&](const auto& v) { return row.loss(v[0], v[1], reduction); }, {p, t},
                      {.order = 2}));
    }
  }
}

TEST_CASE("regression losses of one output, of several axes, and of none") {
  for (const RegressionLoss& row : regression_losses()) {
    CAPTURE(row.name);
    const auto loss = [&](const Shape& shape, nn::Reduction reduction) {
      return row.loss(full(shape, 0.75, Dtype::float64), full(shape, 0.5, Dtype::float64),
                      reduction);
    };
    const double each = row.of(0.25);
    CHECK(values(loss({3}, nn::Reduction::none)) == Doubles(3, each));
    CHECK(values(loss({3, 2, 4}, nn::Reduction::none)) == Doubles(3, each));
    CHECK(loss({3, 2, 4}, nn::Reduction::sum).item() == 3 * each);
    CHECK(loss({3, 2, 4}, nn::Reduction::mean).item() == each);
    CHECK(loss({0, 2}, nn::Reduction::none).shape() == Shape{0});
    CHECK(loss({0, 2}, nn::Reduction::sum).item() == 0);
    CHECK(std::isnan(loss({0, 2}, nn::Reduction::mean).item()));
  }
}

TEST_CASE("regression losses have the dtype of the predictions") {
  for (const RegressionLoss& row : regression_losses()) {
    CAPTURE(row.name);
    const Tensor p = tensor({1.0, 2.0});
    CHECK(row.loss(p, tensor({1, 3}), nn::Reduction::mean).dtype() == Dtype::float32);
    CHECK(row.loss(p, zeros({2}, Dtype::float64), nn::Reduction::mean).dtype() == Dtype::float32);
  }
}

TEST_CASE("Huber's loss of outliers stays finite where squares overflow, and its slope is delta") {
  const Tensor p =
      tensor({1e30, -1e30, std::numeric_limits<double>::infinity()}).set_requires_grad(true);
  const Tensor losses = nn::huber_loss(p, zeros({3}), {.reduction = nn::Reduction::none});
  CHECK(values(losses)[0] == doctest::Approx(1e30).epsilon(1e-6));
  CHECK(values(losses)[1] == doctest::Approx(1e30).epsilon(1e-6));
  CHECK(std::isinf(values(losses)[2]));
  sum(losses).backward();
  CHECK(values(p.grad()) == Doubles{1, -1, 1});
}

TEST_CASE("regression losses refuse what does not fit") {
  for (const RegressionLoss& row : regression_losses()) {
    CHECK(
        error_of<ShapeError>([&] {
          return row.loss(zeros({3, 1}), zeros({3}), nn::Reduction::mean);
        }) ==
        row.name +
            ": predictions and targets must have one shape [n] or [n, outputs]; got float32[3, 1] "
            "and float32[3]");
    CHECK_THROWS_AS(row.loss(zeros({}), zeros({}), nn::Reduction::mean), ShapeError);
    CHECK(error_of<DtypeError>([&] {
            return row.loss(arange(3), zeros({3}), nn::Reduction::mean);
          }) == row.name + ": predictions must be floating; got int64[3]");
  }
  CHECK(error_of<ValueError>([] { return nn::huber_loss(zeros({1}), zeros({1}), {.delta = 0}); }) ==
        "huber_loss: delta must be finite and above 0; got 0");
  CHECK_THROWS_AS(nn::huber_loss(zeros({1}), zeros({1}), {.delta = std::nan("")}), ValueError);
}
