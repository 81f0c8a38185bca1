// Models as files of ONNX, with inputs and what the models make of them, for tests/reference/onnx_models.py:
//   onnx_models FOLDER
#include <exception>
#include <iostream>

#include "models.hpp"

int main(int count, char** arguments) {
  using namespace models;
  if (count != 2) return 2;
  int status = 0;
  for (const auto& cases : {of_layers(), of_functions()}) {
    for (const auto& [name, model, input] : cases) {
      try {
        const std::string path = std::string(arguments[1]) + "/" + name;
        model->eval();
        export_onnx(path + ".onnx", model, input(3));
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
