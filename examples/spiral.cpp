// The spiral of Neural Networks from Scratch, chapters 10 to 15: arms of points, told apart by one
// hidden layer. The flags choose the optimizer, the regularization and dropout of any of its runs.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/python_float.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  std::string optimizer = "adam", dtype = "float32", csv, pictures;
  std::optional<double> learning_rate, decay, momentum, rho, beta1, beta2, epsilon, weight_decay;
  bool nesterov = false;
  int samples = 100, classes = 3, hidden = 64, epochs = 10001, every = 100, precision = 3;
  double weight_l1 = 0, weight_l2 = 0, bias_l1 = 0, bias_l2 = 0, dropout = 0, init_scale = 0.01;
  std::uint64_t seed = 0;
};

/// Fills in what the flags say; the rest keeps the library's defaults.
template <class Options>
Options with_rate(const Flags& flags, double learning_rate, double decay) {
  return {.learning_rate = flags.learning_rate.value_or(learning_rate),
          .decay = flags.decay.value_or(decay)};
}

template <class Option, class T>
void set(Option& option, const std::optional<T>& flag) {
  if (flag) option = *flag;
}

template <class Options>
Options adam_options(const Flags& flags) {
  auto options = with_rate<Options>(flags, 0.05, 5e-7);
  set(options.beta1, flags.beta1);
  set(options.beta2, flags.beta2);
  set(options.epsilon, flags.epsilon);
  return options;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const Flags& flags,
                                                 const NamedTensors& parameters) {
  if (flags.optimizer == "sgd") {
    auto options = with_rate<optim::SGDOptions>(flags, 1, 0);
    set(options.momentum, flags.momentum);
    options.nesterov = flags.nesterov;
    return std::make_unique<optim::SGD>(parameters, options);
  }
  if (flags.optimizer == "adagrad") {
    auto options = with_rate<optim::AdagradOptions>(flags, 1, 0);
    set(options.epsilon, flags.epsilon);
    return std::make_unique<optim::Adagrad>(parameters, options);
  }
  if (flags.optimizer == "rmsprop") {
    auto options = with_rate<optim::RMSpropOptions>(flags, 0.02, 0);
    set(options.rho, flags.rho);
    set(options.epsilon, flags.epsilon);
    return std::make_unique<optim::RMSprop>(parameters, options);
  }
  if (flags.optimizer == "adamw") {
    auto options = adam_options<optim::AdamWOptions>(flags);
    set(options.weight_decay, flags.weight_decay);
    return std::make_unique<optim::AdamW>(parameters, options);
  }
  return std::make_unique<optim::Adam>(parameters, adam_options<optim::AdamOptions>(flags));
}

nn::Sequential network(const Flags& flags, Dtype dtype, Rng& rng, Rng& masks) {
  const auto small = nn::init::normal(flags.init_scale);
  const nn::Dense hidden(2, flags.hidden,
                         {.weight_l1 = flags.weight_l1,
                          .weight_l2 = flags.weight_l2,
                          .bias_l1 = flags.bias_l1,
                          .bias_l2 = flags.bias_l2,
                          .weight_init = small,
                          .dtype = dtype},
                         rng);
  const nn::Dense out(flags.hidden, flags.classes, {.weight_init = small, .dtype = dtype}, rng);
  return nn::Sequential{hidden, nn::ReLU(), nn::Dropout(flags.dropout, masks), out};
}

/// The course of the training, for a picture.
struct Course {
  std::vector<double> epochs, loss, accuracy;
};

void draw(const std::string& folder, const nn::Sequential& model, const data::Dataset& test,
          const Course& course) {
  report::Plot loss(
      {.title = "Loss", .x_label = "epoch", .y_scale = report::Scale::log, .size = {480, 340}});
  report::Plot right({.title = "Accuracy", .x_label = "epoch", .size = {480, 340}});
  loss.line(course.epochs, course.loss);
  right.line(course.epochs, course.accuracy);
  report::grid({loss, right}).save(folder + "/spiral_curves.svg");
  report::decision_regions(model, test.x, test.y,
                           {.title = "What the network says, and points that it has not seen"})
      .save(folder + "/spiral_regions.svg");
}

void train(const Flags& flags) {
  if (!flags.pictures.empty()) std::filesystem::create_directories(flags.pictures);
  std::optional<data::CsvWriter> csv;
  if (!flags.csv.empty()) {
    csv.emplace(flags.csv, std::vector<std::string>{"epoch", "accuracy", "loss", "data_loss",
                                                    "regularization_loss", "learning_rate"});
  }
  const Dtype dtype = flags.dtype == "float64" ? Dtype::float64 : Dtype::float32;
  Rng rng(flags.seed), masks(flags.seed);  // masks take nothing from the stream of data and weights
  auto [X, y] = data::spiral(flags.samples, flags.classes, rng, dtype);

  const nn::Sequential model = network(flags, dtype, rng, masks);
  const auto optimizer = make_optimizer(flags, model.named_parameters());

  Course course;
  for (int epoch = 0; epoch < flags.epochs; ++epoch) {
    const Tensor logits = model(X);
    const Tensor data_loss = nn::cross_entropy(logits, y);
    const Tensor reg_loss = model.regularization_loss();
    const Tensor loss = data_loss + reg_loss;

    if (epoch % flags.every == 0) {
      const int digits = flags.precision;
      const double acc = accuracy(logits, y), rate = optimizer->learning_rate();
      std::printf("epoch: %d, acc: %.*f, loss: %.*f (data_loss: %.*f, reg_loss: %.*f), lr: %s\n",
                  epoch, digits, acc, digits, loss.item(), digits, data_loss.item(), digits,
                  reg_loss.item(), python_float(rate).c_str());
      if (csv) csv->write({epoch, acc, loss.item(), data_loss.item(), reg_loss.item(), rate});
    }

    if (!flags.pictures.empty() && epoch % (1 + flags.epochs / 500) == 0) {
      course.epochs.push_back(epoch);
      course.loss.push_back(loss.item());
      course.accuracy.push_back(accuracy(logits, y));
    }

    if (epoch == 0) require_all_stepped(*optimizer, loss, model);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  }
  if (csv) csv->commit();

  const NoGradGuard off;
  model.eval();
  auto [X_test, y_test] = data::spiral(100, flags.classes, rng, dtype);
  const Tensor logits = model(X_test);
  std::printf("validation, acc: %.*f, loss: %.*f\n", flags.precision, accuracy(logits, y_test),
              flags.precision, nn::cross_entropy(logits, y_test).item());
  if (!flags.pictures.empty()) draw(flags.pictures, model, {X_test, y_test}, course);
}

/// Refuses a flag that the chosen optimizer would not heed.
void check_flags(const Flags& flags) {
  const struct {
    const char* flag;
    bool given;
    std::vector<std::string> optimizers;
  } users[]{{"--beta1", flags.beta1.has_value(), {"adam", "adamw"}},
            {"--beta2", flags.beta2.has_value(), {"adam", "adamw"}},
            {"--epsilon", flags.epsilon.has_value(), {"adagrad", "rmsprop", "adam", "adamw"}},
            {"--momentum", flags.momentum.has_value(), {"sgd"}},
            {"--nesterov", flags.nesterov, {"sgd"}},
            {"--rho", flags.rho.has_value(), {"rmsprop"}},
            {"--weight-decay", flags.weight_decay.has_value(), {"adamw"}}};
  for (const auto& [flag, given, optimizers] : users) {
    if (given && std::ranges::count(optimizers, flags.optimizer) == 0)
      throw UsageError(flag, "not an option of " + flags.optimizer);
  }
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a small network on the spiral data of Neural Networks from Scratch.",
      {{"--optimizer", &flags.optimizer, "Optimizer",
        one_of({"sgd", "adagrad", "rmsprop", "adam", "adamw"})},
       {"--learning-rate", &flags.learning_rate,
        "Unless given 1 for sgd and adagrad, 0.02 for rmsprop, 0.05 for adam and adamw",
        not_negative},
       {"--decay", &flags.decay,
        "Step t has rate / (1 + decay t); unless given 5e-7 for adam and adamw, else 0",
        not_negative},
       {"--momentum", &flags.momentum, "Of sgd", below_one},
       {"--nesterov", &flags.nesterov, "Of sgd with momentum"},
       {"--rho", &flags.rho, "Of rmsprop", below_one},
       {"--beta1", &flags.beta1, "Of adam and adamw", below_one},
       {"--beta2", &flags.beta2, "Of adam and adamw", below_one},
       {"--epsilon", &flags.epsilon, "Of all but sgd", not_negative},
       {"--weight-decay", &flags.weight_decay, "Of adamw", not_negative},
       {"--samples", &flags.samples, "Points of each class", positive},
       {"--classes", &flags.classes, "Arms of the spiral", integer_in(2, 1000)},
       {"--hidden", &flags.hidden, "Neurons of the hidden layer", positive},
       {"--weight-l1", &flags.weight_l1, "L1 penalty, weights of the hidden layer", not_negative},
       {"--weight-l2", &flags.weight_l2, "L2 penalty, weights of the hidden layer", not_negative},
       {"--bias-l1", &flags.bias_l1, "L1 penalty, biases of the hidden layer", not_negative},
       {"--bias-l2", &flags.bias_l2, "L2 penalty, biases of the hidden layer", not_negative},
       {"--dropout", &flags.dropout, "Share of hidden outputs dropped in training", share},
       {"--init-scale", &flags.init_scale, "Weights start at this times randn", not_negative},
       {"--dtype", &flags.dtype, "Numbers", one_of({"float32", "float64"})},
       {"--epochs", &flags.epochs, "Passes over the points", positive},
       {"--every", &flags.every, "Print every N-th epoch", positive},
       {"--precision", &flags.precision, "Printed digits", integer_in(0, 17)},
       {"--csv", &flags.csv, "Also write the printed epochs, in full precision, to FILE"},
       {"--pictures", &flags.pictures, "Also draw curves and decision regions into the folder DIR"},
       {"--seed", &flags.seed, "Seed of data, weights and dropout", seeds}},
      [&] {
        check_flags(flags);
        train(flags);
      });
}
