// Models as files of ONNX, with inputs and what the models make of them, for
// tests/reference/onnx_models.py:
//   onnx_models FOLDER
#include <cmath>
#include <exception>
#include <iostream>
#include <limits>
#include <tuple>

#include "models.hpp"
#include "operations.hpp"
#include "several.hpp"

namespace {

using namespace models;

/// What ONNX Runtime is known to compute otherwise: docs/deployment.md lists it.
std::vector<std::pair<std::string, std::function<Tensor(const Tensor&)>>> otherwise() {
  seed(6);
  const nn::RNN net(4, 2, {.nonlinearity = Nonlinearity::relu});
  return {
      {"amax", [](const Tensor& x) { return amax(x, 1); }},
      {"amin", [](const Tensor& x) { return amin(x, 1); }},
      {"argmax", [](const Tensor& x) { return argmax(x, 1); }},
      {"argmin", [](const Tensor& x) { return argmin(x, 1); }},
      {"cummax", [](const Tensor& x) { return cummax(x, 1); }},
      {"cummin", [](const Tensor& x) { return cummin(x, 1); }},
      {"max_pool",
       [](const Tensor& x) {
         return max_pool(reshape(x, {1, 3, 4}), 2);
       }},
      {"softmax", [](const Tensor& x) { return softmax(x, 1); }},
      {"log_softmax", [](const Tensor& x) { return log_softmax(x, 1); }},
      {"silu", [](const Tensor& x) { return silu(x); }},
      {"gelu", [](const Tensor& x) { return gelu(x); }},
      {"gelu_tanh", [](const Tensor& x) { return gelu_tanh(x); }},
      {"mish", [](const Tensor& x) { return mish(x); }},
      {"hardswish", [](const Tensor& x) { return hardswish(x); }},
      {"softsign", [](const Tensor& x) { return softsign(x); }},
      {"rnn", [net](const Tensor& x) { return net(expand_dims(x, 0)); }},
  };
}

using Function = std::function<Tensor(const Tensor&)>;

void write(const std::string& path, const Function& function, const Tensor& x) {
  const NoGradGuard off;
  export_onnx(path + ".onnx", nn::AnyModule(function), x, {.dynamic_batch = false});
  data::save_safetensors(path + ".safetensors", {{"x", x}, {"y", function(x).contiguous()}});
}

void export_otherwise(const std::string& folder) {
  const float inf = std::numeric_limits<float>::infinity(), none = std::nanf("");
  const Tensor x =
      tensor({{1.0F, none, 2.0F, 3.0F}, {-inf, -inf, -inf, -inf}, {0.0F, 1.0F, inf, -1.0F}},
             Dtype::float32);
  for (const auto& [name, function] : otherwise())
    write(folder + "/otherwise_" + name, function, x);
  // What is small has few of its digits.
  const Tensor tails = tensor({-20.0F, -6.0F, 6.0F, 20.0F});
  const std::pair<const char*, Tensor (*)(const Tensor&)> small[] = {
      {"sigmoid", [](const Tensor& a) { return sigmoid(a); }},
      {"silu", [](const Tensor& a) { return silu(a); }},
      {"gelu", [](const Tensor& a) { return gelu(a); }},
      {"gelu_tanh", [](const Tensor& a) { return gelu_tanh(a); }},
      {"erfc", [](const Tensor& a) { return erfc(a); }},
      {"ndtr", [](const Tensor& a) { return ndtr(a); }},
      {"sinc", [](const Tensor& a) { return sinc(a / 2); }},
      {"log_softmax", [](const Tensor& a) { return log_softmax(a, 0); }},
  };
  for (const auto& [name, function] : small)
    write(folder + "/otherwise_tail_of_" + name, function, tails);
}

/// What must have the digits of each element, however small, and integers to the last.
void export_precise(const std::string& folder) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr std::int64_t least = Limits::min(), most = Limits::max();
  const auto precise = [&](const std::string& name, const Function& function, const Tensor& x) {
    write(folder + "/precise_" + name, function, x);
  };
  const Tensor falling = tensor({most, most - 1, most, std::int64_t{3}});
  const Tensor rising = tensor({least, least + 1, std::int64_t{-3}, least});
  const std::pair<std::string, Tensor (*)(const Tensor&)> of_integers[] = {
      {"cummin", [](const Tensor& a) { return cummin(a, 0); }},
      {"cummax", [](const Tensor& a) { return cummax(a, 0); }},
      {"places", [](const Tensor& a) { return cummin_with_indices(a, 0).indices; }},
      {"clip", [](const Tensor& a) { return clip(a, least + 1, most - 1); }},
  };
  for (const auto& [name, function] : of_integers) {
    precise(name + "_falling", function, falling);
    precise(name + "_rising", function, rising);
  }

  const Tensor signs = tensor({{1.0F, -1.0F, 0.0F, 2.0F}, {-3.0F, 0.0F, 4.0F, -5.0F}});
  const auto of_truths = [&](const char* name, Tensor (*function)(const Tensor&)) {
    const Function whole = [function](const Tensor& a) { return function(a > 0); };
    precise(name, whole, signs);
  };
  of_truths("set", [](const Tensor& a) { return set(a, {Slice::all, range(1, 3)}, tensor(true)); });
  of_truths("set_some", [](const Tensor& a) {
    return set(a, {1, range(3, 0, -2)}, slice(a, {0, range(0, 2)}));
  });
  of_truths("where", [](const Tensor& a) { return where(flip(a, 1), a, logical_not(a)); });
  of_truths("padded", [](const Tensor& a) { return pad(a, {{0, 1}, {2, 0}}); });
  of_truths("tril", [](const Tensor& a) { return tril(a); });
  of_truths("rolled", [](const Tensor& a) { return roll(a, 1, 1); });
  of_truths("joined", [](const Tensor& a) { return concatenate({a, flip(a, 0)}, 1); });
  of_truths("taken", [](const Tensor& a) { return take(a, tensor({1, 0, -1}), 1); });
  of_truths("repeated", [](const Tensor& a) { return broadcast_to(a, {3, 2, 4}); });

  const Tensor small = tensor({1e-30F, -1e-7F, 1e-3F, -0.1F, 0.5F, 3.0F, -20.0F, inf, -inf, 0.0F});
  const Tensor chances = tensor({1e-30F, 0.1F, 0.25F, 0.4999F, 0.49999997F, 0.50001F, 0.75F,
                                 0.99999994F, 0.0F, 1.0F, 1.5F, -1.0F});
  const Tensor ends = tensor({inf, -inf, 0.0F, -0.0F, 1.0F, -1.0F, 1e-30F, -3e38F, std::nanf("")});
  const std::tuple<const char*, Tensor (*)(const Tensor&), Tensor> functions[] = {
      {"expm1", [](const Tensor& a) { return expm1(a); }, small},
      {"elu", [](const Tensor& a) { return elu(a); }, small},
      {"selu", [](const Tensor& a) { return selu(a); }, small},
      {"logit", [](const Tensor& a) { return logit(a); }, chances},
      {"atan2", [](const Tensor& a) { return atan2(a, expand_dims(a, 1)); }, ends},
      {"hypot", [](const Tensor& a) { return hypot(a, expand_dims(a, 1)); }, ends},
  };
  for (const auto& [name, function, x] : functions) precise(name, function, x);
}

/// The steps of a sequence instead of its rows.
std::vector<Case> of_any_steps() {
  seed(7);
  const auto input = [](std::int64_t rows) { return normal({2, 4})(rows + 1); };
  return {{"any_steps", nn::AnyModule(nn::GRU(4, 6, {.bidirectional = true, .batch_first = false})),
           input}};
}

/// Models of several inputs or results; what gives its states goes on with them.
void export_several(const std::string& folder) {
  for (const SeveralCase& of : of_several()) {
    NamedTensors tensors;
    const auto add = [&](const std::string& name, const Tensors& numbers) {
      for (std::size_t i = 0; i < numbers.size(); ++i)
        tensors.emplace_back(name + "_" + std::to_string(i), numbers[i]);
    };
    const std::string path = folder + "/several_" + of.name;
    of.to_onnx(path + ".onnx", of.inputs(3));
    for (const std::int64_t rows : {0, 1, 5}) {
      Tensors x = of.inputs(rows);
      const Tensors y = of.call(x);
      add("x" + std::to_string(rows), x);
      add("y" + std::to_string(rows), y);
      if (of.name != "blocks") continue;
      x = {flip(x[0], 1).contiguous(), y[1], y[2]};
      add("next" + std::to_string(rows), {x[0]});
      add("z" + std::to_string(rows), of.call(x));
    }
    data::save_safetensors(path + ".safetensors", tensors);
  }
}

/// All operations that can be exported, for the one shape that they are used with.
void export_operations(const std::string& folder) {
  const NoGradGuard off;
  int number = 0;
  const auto path = [&](const std::string& end) {
    return folder + "/operation_" + std::to_string(number) + end;
  };
  const auto written = [&](const Use& use) {
    ++number;
    export_onnx(path(".onnx"), nn::AnyModule(use.function), use.x, {.dynamic_batch = false});
    const NamedTensors tensors{{"x", use.x}, {"y", use.function(use.x).contiguous()}};
    data::save_safetensors(path(".safetensors"), tensors, {{"name", use.name}});
  };
  static_cast<void>(sweep(written));
}

}  // namespace

int main(int count, char** arguments) {
  using namespace models;
  if (count != 2) return 2;
  int status = 0;
  export_otherwise(arguments[1]);
  export_precise(arguments[1]);
  export_operations(arguments[1]);
  export_several(arguments[1]);
  for (const auto& cases : {of_layers(), of_functions(), of_examples(), of_any_steps()}) {
    for (const auto& [name, model, input, batch_axis] : cases) {
      try {
        const std::string path = std::string(arguments[1]) + "/" + name;
        model->eval();
        export_onnx(path + ".onnx", model, input(3), {.batch_axis = batch_axis});
        NamedTensors tensors;
        for (const std::int64_t rows : {0, 1, 5}) {
          const Tensor x = input(rows);
          tensors.emplace_back("x" + std::to_string(rows), x);
          tensors.emplace_back("y" + std::to_string(rows), model(x).detach().contiguous());
        }
        data::save_safetensors(path + ".safetensors", tensors);
      } catch (const std::exception& error) {
        std::cout << name << ": " << error.what() << '\n';
        status = 1;
      }
    }
  }
  return status;
}
