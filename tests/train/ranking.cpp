// Metrics of orders and of probabilities against scikit-learn (python3 -P
// tests/reference/metrics.py), and by hand.
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

struct Samples {
  Tensor scores = round(8 * drawn({60}, 0, 1, 1)) / 8;  // with ties
  Tensor targets = (drawn({60}, 0, 1, 2) + scores > 1).to(Dtype::int64);
  Tensor table = round(4 * drawn({40, 5}, 0, 1, 3)) / 4 + arange(5) / 1024.0;
  Tensor labels = floor(5 * drawn({40}, 0, 1, 4)).to(Dtype::int64);
};

doctest::Approx near(double value) { return doctest::Approx(value).epsilon(1e-14); }

}  // namespace

TEST_CASE("ranking metrics are scikit-learn's") {
  const Samples x;
  CHECK(roc_auc(x.scores, x.targets) == near(0.8709490740740742));
  CHECK(roc_auc(x.scores.to(Dtype::float32), x.targets != 0) == near(0.8709490740740742));
  CHECK(average_precision(x.scores, x.targets) == near(0.8402769704719832));
  CHECK(top_k_accuracy(x.table, x.labels, {.k = 1}) == 0.15);
  CHECK(top_k_accuracy(x.table, x.labels, {.k = 2}) == 0.325);
  CHECK(top_k_accuracy(x.table, one_hot(x.labels, 5), {.k = 4}) == 0.725);
  const Tensor shares = (x.table + 0.1) / sum(x.table + 0.1, 1, {.keep_dims = true});
  CHECK(log_loss(shares, x.labels) == near(1.791057793987496));
  CHECK(log_loss(shares, one_hot(x.labels, 5)) == near(1.791057793987496));
  CHECK(log_loss(x.scores, x.targets) == near(0.42927751028591193));
  const Tensor confusion = confusion_matrix(x.table, x.labels, 5);
  const Doubles jaccard{0.07142857142857142, 0.0, 0.07142857142857142, 0.11764705882352941,
                        0.1111111111111111};
  CHECK(mismatch(intersection_over_union(confusion), from_vector(jaccard), 1e-15) == "");
  CHECK(intersection_over_union(confusion, Average::macro) == near(0.07432306255835666));
  CHECK(intersection_over_union(confusion, Average::weighted) == near(0.08424369747899159));
  CHECK(intersection_over_union(confusion, Average::micro) == near(0.08108108108108109));
}

TEST_CASE("ranking metrics by hand") {
  const Tensor y = tensor({0, 1, 1, 0});
  CHECK(roc_auc(tensor({1.0, 2.0, 3.0, 0.0}), y) == 1);
  CHECK(roc_auc(tensor({2, 2, 2, 2}), y) == 0.5);
  CHECK(roc_auc(tensor({1.0, 0.0, 2.0, 3.0}), y) == 0.25);
  CHECK(roc_auc(tensor({-HUGE_VAL, 0.0, HUGE_VAL, 1.0}), y) == 0.75);
  CHECK(average_precision(tensor({4.0, 3.0, 2.0, 1.0}), y) == near((1 / 2.0 + 2 / 3.0) / 2));
  CHECK(average_precision(tensor({1, 1, 1, 1}), y) == 0.5);
  CHECK(perplexity(zeros({3, 2, 4}, Dtype::float64), zeros({3, 2}, Dtype::int64)) == near(4));
  CHECK(perplexity(log(tensor({{0.5, 0.5}, {0.25, 0.75}}, Dtype::float64)), tensor({0, -1}),
                   {.ignore_index = -1}) == near(2));
  CHECK(log_loss(tensor({{1.0, 0.0}}, Dtype::float64), tensor({1})) == near(-std::log(0x1p-52)));
}

TEST_CASE("ranking metrics refuse what has no order or no answer") {
  const Tensor x = tensor({0.1, 0.7, 0.4});
  CHECK(error_of<ValueError>([&] {
          return roc_auc(x, tensor({1, 1, 1}));
        }) == "roc_auc: targets of both classes are needed; got only 1");
  CHECK(error_of<ValueError>([&] {
          return roc_auc(x, tensor({0, 0, 0}));
        }) == "roc_auc: targets of both classes are needed; got only 0");
  CHECK(error_of<ValueError>([&] { return roc_auc(zeros({0}), zeros({0})); }) ==
        "roc_auc: targets of both classes are needed; got only none");
  CHECK(error_of<ValueError>([&] {
          return roc_auc(tensor({0.0, std::nan(""), 1.0}), tensor({0, 1, 1}));
        }) == "roc_auc: scores must be numbers; got NaN at position 1");
  CHECK(error_of<ValueError>([&] {
          return average_precision(x, tensor({0, 0, 0}));
        }) == "average_precision: a target of 1 is needed; got none");
  CHECK(error_of<ValueError>([&] {
          return roc_auc(x, tensor({0, 2, 1}));
        }) == "roc_auc: targets must be 0 or 1; got 2 at position 1");
  CHECK(error_of<ShapeError>([&] {
          return roc_auc(ones({2, 2}), ones({2, 2}));
        }) == "roc_auc: scores must be [n]; got float32[2, 2]");
  CHECK_THROWS_AS(roc_auc(x, tensor({0, 1})), ShapeError);
  CHECK(error_of<ValueError>([&] {
          return log_loss(tensor({0.5, 1.5}), tensor({0, 1}));
        }) == "log_loss: probabilities must lie in [0, 1]; got 1.5 at position 1");
  CHECK_THROWS_AS(log_loss(ones({2, 3}), tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(log_loss(ones({2, 3}), tensor({0.0, 1.0})), DtypeError);
  CHECK(std::isnan(top_k_accuracy(tensor({{std::nan(""), 1.0}}), tensor({0}), {.k = 1})));
  CHECK_THROWS_AS(top_k_accuracy(ones({2, 3}), tensor({0, 3}), {.k = 2}), IndexError);
}
