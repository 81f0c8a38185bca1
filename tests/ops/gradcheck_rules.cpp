// gradcheck names the rule that is wrong, and checks forward mode.
#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/claimed.hpp"
#include "support/wrong_square.hpp"

using namespace xtape;
using namespace claims;

TEST_CASE("gradcheck names the operation whose rule is wrong") {
  const auto wrong = [](const Tensor& x) { return sum(tanh(apply(WrongSquare(), sin(x)) * x)); };
  const GradcheckResult first = check_at({0.5, -1.5}, wrong);
  CHECK(begins(first.suspect, "the rule of wrong_square"));
  CHECK(printed(first).find("\n  the rule of wrong_square") != std::string::npos);
  // Right in order 1, and wrong in what its backward pass computes.
  const GradcheckResult second =
      check_at({0.5, -1.5},
               [](const Tensor& x) {
                 const Tensor value = x.detach();
                 return record("cube", value * value * value, {x},
                               [in = SavedInput(x)](const Tensor& g, const Send& send) {
                                 send(0, g * 3 * apply(WrongSquare(), in.get()));
                               });
               },
               {.order = 2});
  CHECK(second.order == 2);
  CHECK(begins(second.suspect, "the rule of wrong_square in the backward pass of cube"));
  CHECK(check_at({0.5, -1.5}, [](const Tensor& x) { return exp(claimed(x, 2.0)); }).suspect ==
        "only the rules of these could not be checked: claimed");
  CHECK(check_at({0.5}, [](const Tensor& x) {
          return (x.to(Dtype::float32) * 1.1).to(Dtype::float64);
        }).suspect.find("only the rules of these") == 0);
  // An operation of the same name that is right does not hide one of a rule of its own, nor is a
  // rule of large or small operands taken for wrong.
  CHECK(check_at({0.5}, [](const Tensor& x) {
          const Tensor y = tanh(x);
          return record("tanh", y.detach(), {y},
                        [](const Tensor& g, const Send& send) { send(0, 2 * g); });
        }).suspect == "only the rules of these could not be checked: tanh");
  CHECK(check_at({0.5}, [](const Tensor& x) {
          return on_gradient(x, [](const Tensor& g) { return 2 * g; });
        }).suspect == "only the rules of these could not be checked: on_gradient");
  CHECK(begins(check_at({0.5, 1.5},
                        [](const Tensor& x) {
                          return sum(log(x * 1e-12)) + sum(sqrt(x * 1e-14)) * 1e7 +
                                 sum(apply(WrongSquare(), x));
                        })
                   .suspect,
               "the rule of wrong_square"));
  CHECK(begins(
      check_at({0.5},
               [](const Tensor& x) { return with_rule(x, [](const Tensor& g) { return g * g; }); })
          .suspect,
      "only the rules of these could not be checked: with_rule"));
  CHECK(begins(check_at({0.5, -1.5}, [](const Tensor& x) { return x * x.detach(); }).suspect,
               "each rule is right by itself"));
  CHECK(check_at({0.5, -1.5}, [](const Tensor& x) { return sin(x); }).suspect == "");
}

TEST_CASE("gradcheck names a rule that is off by little, and none where no rule is in question") {
  struct Near {
    double factor;
    OpInfo info{"near_sine"};
    SavedInput input{};
    Tensor run(const Tensor& x) const {
      const NoGradGuard off;
      return sin(x);
    }
    void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
    void vjp(const Tensor& g, const Send& send) const { send(0, factor * g * cos(input.get())); }
  };
  for (const double factor : {1.0001, 0.999, 2.0}) {
    const auto result = check_at({0.5, -1.5}, [&](auto& x) { return apply(Near{factor}, x); });
    CHECK(begins(result.suspect, "the rule of near_sine"));
  }
  CHECK(check_at({0.5}, [](auto& x) { return (x > 0).to(Dtype::int64); }).suspect == "");
  Rng rng(1);
  CHECK(check_at({0.5}, [&](auto& x) {
          return x * rng.normal({}, 0, 1, Dtype::float64);
        }).suspect == "");
}

TEST_CASE("gradcheck: forward mode is checked, and its rule named") {
  struct Cube {  // with a rule for forward mode beside a right one
    double factor;
    OpInfo info{"cube"};
    SavedInput input{};
    Tensor run(const Tensor& x) const {
      const NoGradGuard off;
      return x * x * x;
    }
    void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
    void vjp(const Tensor& g, const Send& send) const { send(0, 3 * g * square(input.get())); }
    Tensor jvp(const Tangents& t) const { return factor * t[0] * square(input.get()); }
  };
  const auto f = [](double factor) {
    return [factor](auto& x) { return sum(sin(apply(Cube{factor}, x))); };
  };
  CHECK(check_at({0.5, -1.5}, f(3), {.order = 2}));
  const GradcheckResult wrong = check_at({0.5, -1.5}, f(2));
  CHECK(!wrong);
  CHECK(begins(wrong.problem, "forward mode gives the tangent "));
  CHECK(begins(wrong.suspect, "the rule of cube"));
  struct Sum {  // of which the tangent has another shape
    OpInfo info{"misshapen"};
    Tensor run(const Tensor& x) const { return x.detach(); }
    void vjp(const Tensor& g, const Send& send) const { send(0, g); }
    Tensor jvp(const Tangents& t) const { return sum(t[0]); }
  };
  CHECK(begins(check_at({0.5, 1.0}, [](auto& x) { return apply(Sum(), x); }).problem,
               "forward mode fails: misshapen: the tangent"));
  // A rule may make an exception of a cotangent of 0, and may have no derivative itself.
  CHECK(check_at({0.5}, [](auto& x) { return claimed(x, 1.0); }));
  CHECK(check_at({0.5}, [](auto& x) {
    return record("raw", x.detach(), {x},
                  once_differentiable([](const Tensor& g, const Send& send) { send(0, g); }));
  }));
}
