#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

TEST_CASE("accuracy counts rows whose greatest score is at the label") {
  const Tensor scores = tensor({{0.1, 0.9}, {0.8, 0.2}, {0.3, 0.7}, {0.6, 0.4}});
  CHECK(accuracy(scores, tensor({1, 0, 0, 0})) == 0.75);
  CHECK(accuracy(scores, tensor({{0, 1}, {1, 0}, {1, 0}, {1, 0}})) == 0.75);
  CHECK(error_of<ShapeError>([&] {
          return accuracy(scores, tensor({1, 0}));
        }) ==
        "accuracy: scores [n, classes] need labels [n] or one-hot [n, classes]; got float32[4, 2] "
        "and int64[2]");
  CHECK_THROWS_AS(accuracy(scores, zeros({4})), DtypeError);
}

TEST_CASE("accuracy: rows with ignore_index do not count, whatever their scores") {
  const double nan = std::nan("");
  const Tensor scores = tensor({{0.1, 0.9}, {nan, 0.2}, {0.3, 0.2}, {0.4, 0.6}});
  CHECK(accuracy(scores, tensor({1, -100, 1, 1}), {.ignore_index = -100}) ==
        doctest::Approx(2 / 3.0));
  CHECK(accuracy(scores, tensor({1, 0, 0, 0}), {.ignore_index = 0}) == 1);
  CHECK(std::isnan(accuracy(scores, tensor({1, 0, 1, 1}), {.ignore_index = -100})));
  CHECK(std::isnan(accuracy(scores, tensor({7, 7, 7, 7}), {.ignore_index = 7})));
  const Tensor sequences = tensor({{{0.1, 0.9}, {nan, 0.2}}, {{0.3, 0.2}, {0.4, 0.6}}});
  CHECK(accuracy(sequences, tensor({{0, -1}, {0, 1}}), {.ignore_index = -1}) ==
        doctest::Approx(2 / 3.0));
  CHECK(error_of<IndexError>([&] {
          return accuracy(scores, tensor({1, -1, 1, 1}), {.ignore_index = -100});
        }) == "accuracy: labels must lie in [0, 2) or be -100; got -1 in row 1");
  CHECK(error_of<ValueError>([&] {
          return accuracy(scores, zeros({4, 2}), {.ignore_index = 1});
        }) == "accuracy: ignore_index goes with labels that are classes; got float32[4, 2]");
}

TEST_CASE("accuracies of a score that is NaN are NaN") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, inf}) {
    const Tensor scores = tensor({{0.1, 0.9}, {bad, 0.2}}), p = tensor({0.9, bad});
    const auto is = [&](double got, double otherwise) {
      CHECK((std::isnan(bad) ? std::isnan(got) : got == otherwise));
    };
    is(accuracy(scores, tensor({1, 0})), 1);
    is(accuracy(scores, tensor({{0, 1}, {1, 0}})), 1);
    is(binary_accuracy(p, tensor({1, 1})), 1);
    is(regression_accuracy(p, tensor({0.9, 1.0}), {.precision = 0.1}), 0.5);
    is(regression_accuracy(tensor({0.9, 1.0}), p, {.precision = 0.1}), 0.5);
  }
  CHECK(error_of<ValueError>([&] {
          return confusion_matrix(tensor({{0.1, 0.9}, {0.2, 0.3}, {0.5, nan}, {nan, nan}}),
                                  tensor({0, 1, 1, 0}), 2);
        }) == "confusion_matrix: scores must be numbers; got NaN in row 2");
}

TEST_CASE("accuracy and the confusion matrix refuse rows that are not one-hot") {
  const Tensor scores = tensor({{0.1, 0.9}, {0.8, 0.2}});
  const std::string rule = ": a one-hot row has a single 1 and else zeros; row 1 does not";
  for (const Tensor& labels :
       {tensor({{1, 0}, {1, 1}}), tensor({{1, 0}, {0, 0}}), tensor({{1, 0}, {2, 0}}),
        tensor({{true, false}, {true, true}}), tensor({{1.0, 0.0}, {0.5, 0.5}})}) {
    CHECK(error_of<ValueError>([&] { return accuracy(scores, labels); }) == "accuracy" + rule);
    CHECK(error_of<ValueError>([&] { return confusion_matrix(scores, labels, 2); }) ==
          "confusion_matrix" + rule);
  }
  CHECK(accuracy(scores, tensor({{false, true}, {true, false}})) == 1);
  CHECK(accuracy(scores, tensor({{0.0, 1.0}, {0.0, 1.0}})) == 0.5);
}

TEST_CASE("accuracy refuses labels outside the classes") {
  CHECK(error_of<IndexError>([] {
          return accuracy(zeros({2, 2}), tensor({0, 7}));
        }) == "accuracy: labels must lie in [0, 2); got 7 in row 1");
}

TEST_CASE("binary accuracy counts all elements on the right side of the threshold") {
  const Tensor p = tensor({{0.9, 0.5}, {0.2, 0.6}, {0.4, 0.1}});
  const Tensor targets = tensor({{1, 1}, {0, 0}, {1, 0}});
  CHECK(binary_accuracy(p, targets) == 3 / 6.0);  // 0.5 is not above the threshold
  CHECK(binary_accuracy(p, targets, {.threshold = 0.3}) == 5 / 6.0);
  CHECK(binary_accuracy(p, targets.to(Dtype::boolean)) == 0.5);
  CHECK(binary_accuracy(p, targets.to(Dtype::float64)) == 0.5);
  CHECK(std::isnan(binary_accuracy(zeros({0}), zeros({0}))));
  CHECK(error_of<ShapeError>([] {
          return binary_accuracy(zeros({2, 1}), zeros({2}));
        }) ==
        "binary_accuracy: probabilities and targets must have one shape [n] or [n, outputs]; got "
        "float32[2, 1] and float32[2]");
  CHECK(error_of<ValueError>([] {
          return binary_accuracy(zeros({2}), tensor({1.0, 0.25}));
        }) == "binary_accuracy: targets must be 0 or 1; got 0.25 at position 1");
}

TEST_CASE("accuracies count exactly above 2^24") {
  const std::int64_t n = (1 << 24) + 3;
  const Tensor right = broadcast_to(tensor(true), {n}), wrong = broadcast_to(tensor(false), {1});
  CHECK(binary_accuracy(broadcast_to(tensor(0.75), {n + 1}), concatenate({right, wrong})) ==
        static_cast<double>(n) / static_cast<double>(n + 1));
}

TEST_CASE("regression accuracy counts predictions within a precision") {
  const Tensor t = tensor({0.0, 10.0, 20.0, 30.0}, Dtype::float64);
  const Tensor p = tensor({0.0, 10.04, 20.05, 28.0}, Dtype::float64);
  // of the population: sqrt((225 + 25 + 25 + 225) / 4) / 250 = 0.0447
  CHECK(regression_accuracy(p, t) == 0.5);
  CHECK(regression_accuracy(p, t, {.precision = 0.1}) == 0.75);
  CHECK(regression_accuracy(p, t, {.precision = 2}) == 1);
  CHECK(regression_accuracy(p, t, {.precision = 0}) == 0.25);
  CHECK(regression_accuracy(reshape(p, {2, 2}), reshape(t, {2, 2})) == 0.5);
  CHECK(regression_accuracy(full({3, 1}, 2), full({3, 1}, 2)) == 1);  // constant targets
  CHECK_THROWS_AS(regression_accuracy(zeros({2, 1}), zeros({2})), ShapeError);
  CHECK(error_of<ValueError>([&] { return regression_accuracy(p, t, {.precision = -1}); }) ==
        "regression_accuracy: precision must be finite and not negative; got -1");
}

TEST_CASE("r2 by hand, at its fixed points and of constant targets") {
  const Tensor t = tensor({3.0, -0.5, 2.0, 7.0}), p = tensor({2.5, 0.0, 2.0, 8.0});
  // residuals 0.25 + 0.25 + 0 + 1 = 1.5; deviations from 2.875: 29.1875
  CHECK(r2_score(p, t) == doctest::Approx(1 - 1.5 / 29.1875).epsilon(1e-15));
  CHECK(r2_score(t, t) == 1);
  CHECK(r2_score(full({4}, 2.875), t) == 0);
  CHECK(r2_score(-t, t) < 0);
  CHECK(r2_score(stack({p, t}, 1), stack({t, t}, 1)) ==
        doctest::Approx(1 - 0.5 * 1.5 / 29.1875).epsilon(1e-15));
  const Tensor constant = full({3}, 0.1, Dtype::float64);
  CHECK(r2_score(constant, constant) == 1);
  CHECK(r2_score(constant + 1, constant) == 0);
  CHECK(std::isnan(r2_score(zeros({1}), zeros({1}))));
  CHECK(std::isnan(r2_score(t, tensor({3.0, std::nan(""), 2.0, 7.0}))));
  CHECK_THROWS_AS(r2_score(zeros({4, 1}), t), ShapeError);
  // far from 0 in float32, where squares of the raw numbers lose everything
  CHECK(r2_score(p + 4096, t + 4096) == doctest::Approx(1 - 1.5 / 29.1875).epsilon(1e-12));
}

TEST_CASE("a confusion matrix has a row for each true class, a column for each predicted one") {
  const Tensor labels = tensor({2, 0, 2, 2, 0, 1}), predicted = tensor({0, 0, 2, 2, 0, 2});
  const std::vector<std::int64_t> expected{2, 0, 0, 0, 0, 1, 1, 0, 2};
  const auto counts = [](const Tensor& matrix) { return matrix.to_vector<std::int64_t>(); };
  const Tensor matrix = confusion_matrix(predicted, labels, 3);
  CHECK(matrix.shape() == Shape{3, 3});
  CHECK(matrix.dtype() == Dtype::int64);
  CHECK(counts(matrix) == expected);
  CHECK(counts(confusion_matrix(one_hot(predicted, 3), labels, 3)) == expected);  // scores
  CHECK(counts(confusion_matrix(predicted, one_hot(labels, 3, Dtype::int64), 3)) == expected);
  CHECK(counts(confusion_matrix(zeros({0, 2}), zeros({0}, Dtype::int64), 2)) ==
        std::vector<std::int64_t>(4));
  CHECK(error_of<IndexError>([&] { return confusion_matrix(predicted, labels, 2); }) ==
        "confusion_matrix: predicted must lie in [0, 2); got 2 in row 2");
  CHECK(error_of<ShapeError>([&] {
          return confusion_matrix(zeros({6, 2}), labels, 3);
        }) == "confusion_matrix: predicted must be [n] or [n, 3]; got float32[6, 2]");
  CHECK(error_of<ShapeError>([&] { return confusion_matrix(tensor({0}), labels, 3); }) ==
        "confusion_matrix: as many predicted as labels are needed; got int64[1] and int64[6]");
  CHECK(error_of<DtypeError>([&] { return confusion_matrix(zeros({6}), labels, 3); }) ==
        "confusion_matrix: predicted must be int64 or boolean; got float32[6]");
  CHECK(counts(confusion_matrix(tensor({true, true, false}), tensor({true, false, false}), 2)) ==
        std::vector<std::int64_t>{1, 1, 0, 1});
  CHECK_THROWS_AS(confusion_matrix(predicted, labels, 0), ValueError);
}

TEST_CASE("precision, recall and F1 by hand") {
  // true 0: 5 of 6 found; true 1: 2 of 4; true 2 never occurs, nor is it predicted
  const Tensor matrix = tensor({{5, 1, 0}, {2, 2, 0}, {0, 0, 0}});
  const auto close = [](const Tensor& got, const Doubles& expected) {
    CHECK(got.dtype() == Dtype::float64);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(values(got)[i] == doctest::Approx(expected[i]).epsilon(1e-15));
    }
  };
  close(precision(matrix), {5 / 7.0, 2 / 3.0, 0});
  close(recall(matrix), {5 / 6.0, 2 / 4.0, 0});
  close(f1_score(matrix), {10 / 13.0, 4 / 7.0, 0});
  const auto is = [](double got, double expected) {
    CHECK(got == doctest::Approx(expected).epsilon(1e-15));
  };
  is(precision(matrix, Average::macro), (5 / 7.0 + 2 / 3.0) / 3);
  is(recall(matrix, Average::macro), (5 / 6.0 + 2 / 4.0) / 3);
  is(f1_score(matrix, Average::macro), (10 / 13.0 + 4 / 7.0) / 3);
  is(precision(matrix, Average::weighted), (6 * 5 / 7.0 + 4 * 2 / 3.0) / 10);
  is(f1_score(matrix, Average::weighted), (6 * 10 / 13.0 + 4 * 4 / 7.0) / 10);
  is(recall(matrix, Average::weighted), 0.7);  // weighted recall is the accuracy too
}

TEST_CASE("micro averages are the accuracy, and F1 is the harmonic mean") {
  Rng rng(11);
  const Tensor scores = rng.randn({200, 4}), labels = rng.integers(0, 4, {200});
  const Tensor matrix = confusion_matrix(scores, labels, 4);
  const double share = accuracy(scores, labels);
  CHECK(precision(matrix, Average::micro) == share);
  CHECK(recall(matrix, Average::micro) == share);
  CHECK(f1_score(matrix, Average::micro) == share);
  const Doubles p = values(precision(matrix)), r = values(recall(matrix));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(values(f1_score(matrix))[i] ==
          doctest::Approx(2 * p[i] * r[i] / (p[i] + r[i])).epsilon(1e-14));
  }
  const Tensor perfect = confusion_matrix(labels, labels, 4);
  for (const Average average : {Average::macro, Average::weighted, Average::micro}) {
    CHECK(f1_score(perfect, average) == 1);
    CHECK(f1_score(zeros({4, 4}, Dtype::int64), average) == 0);
  }
}

TEST_CASE("precision and recall count exactly above 2^24, and refuse what is no confusion matrix") {
  const std::int64_t many = (1 << 24) + 1;
  CHECK(precision(tensor({{many, 0}, {1, 0}}), Average::micro) ==
        static_cast<double>(many) / static_cast<double>(many + 1));
  CHECK(error_of<ShapeError>([] {
          return recall(zeros({2, 3}, Dtype::int64));
        }) == "recall: the confusion matrix must be square; got int64[2, 3]");
  CHECK(error_of<DtypeError>([] {
          return f1_score(zeros({2, 2}));
        }) == "f1_score: the confusion matrix must be int64; got float32[2, 2]");
  CHECK(error_of<ValueError>([] {
          return precision(tensor({{1, -1}, {0, 1}}));
        }) == "precision: counts must be finite and not negative; got -1 at position 1");
}

TEST_CASE("accuracy: of sequences and images each place counts") {
  // [2, 3, 2]: the greatest are 1 0 1 and 0 1 1
  const Tensor scores =
      tensor({{{0.0, 1.0}, {2.0, 1.0}, {0.0, 3.0}}, {{1.0, 0.0}, {0.0, 1.0}, {0.0, 1.0}}});
  CHECK(accuracy(scores, tensor({{1, 0, 1}, {0, 1, 1}})) == 1);
  CHECK(accuracy(scores, tensor({{1, 1, 1}, {1, 1, 1}})) == doctest::Approx(4.0 / 6));
  CHECK_THROWS_AS(accuracy(scores, tensor({{1, 0}, {0, 1}})), ShapeError);
}
