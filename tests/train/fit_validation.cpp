// What a run is judged by, in its forms.

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"

using namespace xtape;

namespace {

History run(const ValidationData& validation, std::int64_t epochs = 3) {
  SmallRun of(1);
  Fit fit(of.model, of.optimizer, of.loader,
          [&](const data::Dataset& batch) { return of.loss(batch); },
          {.epochs = epochs, .validation = validation});
  return fit.run();
}

}  // namespace

TEST_CASE("fit: a loader of the validation data does as the data") {
  const data::Dataset samples = SmallRun(1).samples;
  const std::vector<double> losses = run(samples)["validation_loss"];
  for (const std::int64_t prefetch : {0, 2}) {
    const data::Loader whole(samples, {.batch_size = 75, .prefetch = prefetch});
    CHECK(run(whole)["validation_loss"] == losses);
    const auto of_row = [&](std::int64_t row) {
      return data::Dataset{samples.x[row], samples.y[row]};
    };
    const data::Loader made(75, of_row, {.batch_size = 75, .prefetch = prefetch});
    CHECK(run(made)["validation_loss"] == losses);
    const data::Loader parts(samples, {.batch_size = 20, .prefetch = prefetch});
    const std::vector<double> again = run(parts)["validation_loss"];
    for (std::size_t i = 0; i < 3; ++i) CHECK(again[i] == doctest::Approx(losses[i]).epsilon(1e-6));
  }
}

TEST_CASE("fit: an error in the validation says so") {
  nn::Dense model(2, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  data::Loader loader(data::Dataset{zeros({4, 2}), zeros({4, 1})}, {.batch_size = 4});
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return mean(square(model(batch.x) - batch.y)); },
          {.epochs = 1, .validation = data::Dataset{zeros({4, 3}), zeros({4, 1})}});
  const std::string error = error_of<ShapeError>([&] { fit.run(); });
  CHECK_MESSAGE(error.ends_with("(in validation)"), error);
}

TEST_CASE("fit: each validation goes through the same pass of a loader that draws") {
  std::vector<std::vector<float>> seen;
  nn::Dense model(1, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  data::Loader loader(numbered_rows(4), {.batch_size = 4});
  Rng rng(2);
  data::Loader validation(numbered_rows(50), {.batch_size = 50, .shuffle = true}, rng);
  const auto pass = (*validation.begin()).y.to_vector<float>();  // the first; the next one is meant
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) {
            if (!recording()) seen.push_back(batch.y.to_vector<float>());
            return mean(square(model(batch.x)));
          },
          {.epochs = 3, .validation = validation});
  fit.run();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] == seen[1]);
  CHECK(seen[0] == seen[2]);
  CHECK(seen[0] != pass);
  CHECK(seen[0] == (*validation.begin()).y.to_vector<float>());  // it stands where it stood
}

TEST_CASE("fit: loaders of several tensors and of named ones") {
  nn::Dense model(2, 1);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const data::TensorList rows{ones({6, 2}), zeros({6, 1})};
  data::TensorLoader loader(rows, {.batch_size = 4});
  Fit fit(model, optimizer, loader,
          [&](const data::TensorList& batch) { return mean(square(model(batch[0]) - batch[1])); },
          {.epochs = 2, .validation = data::TensorLoader(rows, {.batch_size = 5})});
  CHECK(fit.run().has("validation_loss"));
  const data::NamedDataset named{{"x", ones({6, 2})}};
  data::NamedLoader of_named(named, {.batch_size = 4});
  Fit other(model, optimizer, of_named,
            [&](const data::NamedDataset& batch) { return mean(square(model(batch["x"]))); },
            {.epochs = 2, .validation = of_named});
  CHECK(other.run().has("validation_loss"));
}

TEST_CASE("fit: loaders of validation data that do not fit are refused") {
  const data::Dataset strange{ones({2, 2}), tensor({0, 3})};
  CHECK(error_of<ValueError>([&] { return run(data::Loader(strange)); }) ==
        "fit: labels of the validation data must be among those of the training data; got 3 in row "
        "1; split by stratified_split, or set .allow_unseen_labels");
  CHECK(error_of<ValueError>([&] {
          return run(data::TensorLoader({ones({2, 2})}));
        }) ==
        "fit: .validation must be data, or a loader, of the kind that the training loader "
        "gives; got another");
  CHECK(error_of<ValueError>([&] {
          return run(data::Loader(strange, {.batch_size = 5, .drop_last = true}));
        }) == "fit: the validation data must have a batch; got none");
}
