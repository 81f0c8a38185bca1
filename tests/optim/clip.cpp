// Clipping of gradients, and whose memory it may write; gradients that are looked at before a step.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/optim/clip.hpp>
#include <xtape/optim/sgd.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using optim::clip_grad_norm;
using optim::clip_grad_value;

namespace {

/// A parameter with this gradient.
Tensor with_gradient(const Doubles& gradient, Dtype dtype = Dtype::float64) {
  const Tensor w = leaf(Doubles(gradient.size(), 1), dtype);
  give_gradient(w, gradient);
  return w;
}

template <class T>
const void* memory_of(const Tensor& tensor) {
  return tensor.data<T>().data();
}

doctest::Approx near(double x, double epsilon = 1e-14) {
  return doctest::Approx(x).epsilon(epsilon);
}

}  // namespace

TEST_CASE("the norm is that of all gradients together, and becomes the greatest one allowed") {
  const Tensor a = with_gradient({2, 0}), b = with_gradient({-3}), c = with_gradient({6});
  const std::vector<Tensor> parameters{a, b, c};  // 2² + 3² + 6² = 7²
  CHECK(clip_grad_norm(parameters, 10) == 7);
  check_close(b.grad(), {-3});
  CHECK(clip_grad_norm(parameters, 7) == 7);
  check_close(b.grad(), {-3});
  CHECK(clip_grad_norm(parameters, 3.5) == 7);
  check_close(a.grad(), {1, 0});
  check_close(b.grad(), {-1.5});
  check_close(c.grad(), {3});
  CHECK(clip_grad_norm({a, b, c}, std::numeric_limits<double>::infinity()) == near(3.5));
  CHECK(clip_grad_norm(parameters, 0) == near(3.5));
  for (const Tensor& w : parameters) CHECK(sum(abs(w.grad())).item() == 0);
}

TEST_CASE("parameters without a gradient are passed over") {
  const Tensor a = with_gradient({3, 4}), none = leaf({1, 2}), constant = ones({3});
  CHECK(clip_grad_norm({none, a, constant}, 1) == 5);
  check_close(a.grad(), {0.6, 0.8});
  CHECK(!none.grad().defined());
  clip_grad_value({none, a, constant}, 0.7);
  check_close(a.grad(), {0.6, 0.7});
  CHECK(!none.grad().defined());
  CHECK(clip_grad_norm({}, 1) == 0);
  CHECK(clip_grad_norm({none}, 0) == 0);
}

TEST_CASE("norms of float32 and float64, of any size, are those of plain sums in long double") {
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{1003}}) {
    Doubles g, h;
    long double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      g.push_back(std::sin(static_cast<double>(i)));
      h.push_back(static_cast<double>(static_cast<float>(std::cos(static_cast<double>(i)))));
      squares += static_cast<long double>(g[i]) * static_cast<long double>(g[i]) +
                 static_cast<long double>(h[i]) * static_cast<long double>(h[i]);
    }
    const Tensor a = with_gradient(g), b = with_gradient(h, Dtype::float32);
    const auto norm = static_cast<double>(std::sqrt(squares));
    CHECK(clip_grad_norm({a, b}, 0.5) == near(norm));
    if (n == 0) continue;
    CHECK(a.grad().dtype() == Dtype::float64);
    CHECK(b.grad().dtype() == Dtype::float32);
    CHECK(values(a.grad())[n - 1] == near(g[n - 1] * std::min(1.0, 0.5 / norm)));
    CHECK(values(b.grad())[0] == near(h[0] * std::min(1.0, 0.5 / norm), 1e-7));
  }
}

TEST_CASE("squares that double or float cannot hold do not spoil the norm") {
  for (const double scale : {1e-320, 1e-200, 1e-160, 1e-140, 1e140, 1e160, 1e200, 3e307}) {
    CAPTURE(scale);
    const Tensor w = with_gradient({3 * scale, 0, 4 * scale});
    const double epsilon = scale < 1e-300 ? 1e-3 : 1e-14;  // digits of the scale itself
    CHECK(clip_grad_norm({w}, scale) == near(5 * scale, epsilon));
    CHECK(values(w.grad())[2] / scale == near(0.8, epsilon));
  }
  const Tensor w = with_gradient({3e30, 4e30}, Dtype::float32);  // 9e60 is above any float
  CHECK(clip_grad_norm({w}, 1e-12) == near(5e30, 1e-6));
  CHECK(values(w.grad())[0] == near(6e-13, 1e-6));
  CHECK(values(w.grad())[1] == near(8e-13, 1e-6));
}

TEST_CASE("a norm that is not finite is an error that changes nothing") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), inf, -inf}) {
    for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
      const Tensor a = with_gradient({30, 40}), b = with_gradient({1, bad}, dtype);
      CHECK(error_of<ValueError>([&] {
              return clip_grad_norm({a, b}, 1);
            }) == std::string("clip_grad_norm: the norm of the gradients must be finite; got ") +
                      (std::isnan(bad) ? "nan" : "inf"));
      CHECK(values(a.grad()) == Doubles{30, 40});
      CHECK(values(b.grad())[0] == 1);
    }
  }
  const double most = std::numeric_limits<double>::max();
  CHECK_THROWS_AS(clip_grad_norm({with_gradient({most, most})}, 1), ValueError);
}

TEST_CASE("values are clipped to the limits, and NaN stays") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
    const Tensor w = with_gradient({-3, -0.5, 0, 0.5, 3, inf, -inf, std::nan("")}, dtype);
    clip_grad_value({w}, 0.5);
    Doubles got = values(w.grad());
    CHECK(std::isnan(got.back()));
    got.pop_back();
    CHECK(got == Doubles{-0.5, -0.5, 0, 0.5, 0.5, 0.5, -0.5});
    clip_grad_value({w}, 0);
    CHECK(values(w.grad())[0] == 0);
  }
  const Tensor w = with_gradient({-3, 5});
  clip_grad_value({w}, inf);
  CHECK(values(w.grad()) == Doubles{-3, 5});
}

TEST_CASE("gradients are clipped in place when nobody else holds them") {
  const Tensor a = with_gradient({3, 4}), b = with_gradient({30, 40}, Dtype::float32);
  const void* a_memory = memory_of<double>(a.grad());
  const void* b_memory = memory_of<float>(b.grad());
  clip_grad_norm({a, b}, 1);
  clip_grad_value({a, b}, 0.01);
  CHECK(memory_of<double>(a.grad()) == a_memory);
  CHECK(memory_of<float>(b.grad()) == b_memory);
}

TEST_CASE("clipping never changes a gradient that somebody else holds") {
  const auto clips = {+[](const Tensor& w) { clip_grad_norm({w}, 1); },
                      +[](const Tensor& w) { clip_grad_value({w}, 0.5); }};
  for (const auto clip : clips) {
    const Tensor handle = with_gradient({3, 4}), view = with_gradient({3, 4});
    const Tensor held = handle.grad(), seen = view.grad().detach();
    clip(handle);
    clip(view);
    CHECK(values(held) == Doubles{3, 4});
    CHECK(values(seen) == Doubles{3, 4});
    CHECK(values(handle.grad())[0] < 1);
    CHECK(values(view.grad())[0] < 1);
  }
}

TEST_CASE("leaves that share one gradient are clipped once each") {
  const Tensor a = leaf({1, 1}), b = leaf({1, 1});
  const Tensor total = a + b;
  total.backward(from_vector(Doubles{3, 4}));
  CHECK(clip_grad_norm({a, b}, std::sqrt(0.5)) == near(std::sqrt(50.0)));
  check_close(a.grad(), {0.3, 0.4});
  check_close(b.grad(), {0.3, 0.4});
}

TEST_CASE("a clipped gradient goes on accumulating") {
  const Tensor w = with_gradient({3, 4});
  clip_grad_norm({w}, 1);
  sum(w * from_vector(Doubles{1, 1})).backward();
  check_close(w.grad(), {1.6, 1.8});
}

TEST_CASE("clipping refuses what does not fit") {
  const Tensor w = with_gradient({3, 4});
  CHECK(error_of<ValueError>([&] { return clip_grad_norm({w}, -1); }) ==
        "clip_grad_norm: max_norm must not be negative or NaN; got -1");
  CHECK_THROWS_AS(clip_grad_norm({w}, std::nan("")), ValueError);
  CHECK(error_of<ValueError>([&] {
          clip_grad_value({w}, std::nan(""));
          return 0;
        }) == "clip_grad_value: limit must not be negative or NaN; got nan");
  CHECK(error_of<ValueError>([&] {
          return clip_grad_norm({w, w}, 1);
        }) == "clip_grad_norm: a parameter may be given once; got one twice");
  CHECK(error_of<GradError>([&] { return clip_grad_norm({w * 2}, 1); }) ==
        "clip_grad_norm: parameters must be leaves; got float64[2], the result of multiply");
  CHECK_THROWS_AS(clip_grad_norm({Tensor()}, 1), ValueError);
  CHECK(values(w.grad()) == Doubles{3, 4});
}

TEST_CASE("gradients are scaled, whatever their sign and whoever holds them") {
  const Tensor a = with_gradient({30, 40}), b = with_gradient({-1, 0}, Dtype::float32);
  const Tensor without = leaf({1}), held = a.grad();
  optim::scale_grad({a, b, without}, -0.5);
  CHECK(values(a.grad()) == Doubles{-15, -20});
  CHECK(values(b.grad()) == Doubles{0.5, 0});
  CHECK(values(held) == Doubles{30, 40});
  CHECK_FALSE(without.grad().defined());
  CHECK_THROWS_AS(optim::scale_grad({a, a}, 1), ValueError);
}

TEST_CASE("a step that looks at few elements sees what fills a row or a column") {
  constexpr std::size_t rows = 300, columns = 100;
  const double most = std::numeric_limits<double>::max();
  const auto step = [](const Tensor& w, const Doubles& gradient, std::int64_t look_at) {
    optim::SGD optimizer({{"w", w}}, {.learning_rate = 0.0});
    optimizer.zero_grad();
    give_gradient(w, gradient);
    return error_of<ValueError>([&] {
      optimizer.step({.look_at = look_at});
      return 0;
    });
  };
  const std::string nothing = "(nothing was thrown)";
  const Tensor three = leaf({1, 2, 3});
  CHECK(step(three, {most, -most, 1e-300}, 4096) == nothing);
  for (const double bad : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    for (std::size_t place = 0; place < 3; ++place) {
      Doubles gradient{1, 2, 3};
      gradient[place] = bad;
      CHECK(step(three, gradient, 4096) == "optimizer: the gradient must be finite; got " +
                                               xtape::detail::text(bad) + " at [" +
                                               std::to_string(place) + "] of float64[3] (in w)");
      CHECK(step(three, gradient, 0) == nothing);
    }
  }
  for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
    const Tensor w = leaf(Doubles(rows * columns, 1), dtype);
    for (std::size_t line = 0; line < columns; line += 7) {
      Doubles of_column(rows * columns, 1);
      for (std::size_t i = 0; i < rows; ++i) of_column[i * columns + line] = HUGE_VAL;
      CAPTURE(line);
      CHECK(step(w, of_column, 4096) != nothing);
    }
    Doubles last(rows * columns, 1);
    last.back() = HUGE_VAL;
    CHECK(step(w, last, rows * columns) != nothing);
    CHECK(step(w, last, 64) == nothing);  // that is the price
    CHECK(step(w, last, 1) == nothing);
  }
}
