// The program of ../user_program.cpp as a user of libtorch's C++ frontend writes it, on points at
// random: what it takes to compile, to link and to start is measured. The argument is the number of
// steps.

#include <torch/torch.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  torch::manual_seed(0);
  torch::set_num_threads(1);
  const torch::Tensor x = torch::randn({300, 2}), y = torch::randint(0, 3, {300});

  torch::nn::Sequential model(torch::nn::Linear(2, 64), torch::nn::ReLU(), torch::nn::Dropout(0.1),
                              torch::nn::Linear(64, 3));
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(0.05));

  const int steps = argc > 1 ? std::atoi(argv[1]) : 1001;
  for (int step = 0; step < steps; ++step) {
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 100 == 0) std::cout << step << "  loss " << loss.item<float>() << '\n';
  }
}
