// Models as files of ONNX, with inputs and what the models make of them, for tests/reference/onnx_models.py:
//   onnx_models FOLDER
#include <cmath>
#include <exception>
#include <iostream>
#include <limits>

#include "models.hpp"
#include "operations.hpp"

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

void export_otherwise(const std::string& folder) {
  const float inf = std::numeric_limits<float>::infinity(), none = std::nanf("");
  const Tensor x =
      tensor({{1.0F, none, 2.0F, 3.0F}, {-inf, -inf, -inf, -inf}, {0.0F, 1.0F, inf, -1.0F}},
             Dtype::float32);
  const NoGradGuard off;
  for (const auto& [name, function] : otherwise()) {
    const std::string path = folder + "/otherwise_" + name;
    export_onnx(path + ".onnx", nn::AnyModule(function), x, {.dynamic_batch = false});
    data::save_safetensors(path + ".safetensors", {{"x", x}, {"y", function(x).contiguous()}});
  }
}

/// The steps of a sequence instead of its rows.
std::vector<Case> of_any_steps() {
  seed(7);
  const auto input = [](std::int64_t rows) { return normal({2, 4})(rows + 1); };
  return {{"any_steps", nn::AnyModule(nn::GRU(4, 6, {.bidirectional = true, .batch_first = false})),
           input}};
}

/// All operations that can be exported, for the one shape that they are used with.
void export_operations(const std::string& folder) {
  const NoGradGuard off;
  int number = 0;
  const auto path = [&](const std::string& end) {
    return folder + "/operation_" + std::to_string(number) + end;
  };
  const auto write = [&](const Use& use) {
    ++number;
    export_onnx(path(".onnx"), nn::AnyModule(use.function), use.x, {.dynamic_batch = false});
    const NamedTensors tensors{{"x", use.x}, {"y", use.function(use.x).contiguous()}};
    data::save_safetensors(path(".safetensors"), tensors, {{"name", use.name}});
  };
  static_cast<void>(sweep(write));
}

}  // namespace

int main(int count, char** arguments) {
  using namespace models;
  if (count != 2) return 2;
  int status = 0;
  export_otherwise(arguments[1]);
  export_operations(arguments[1]);
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
