// Trains the bench's workloads with libtorch as a user of its C++ frontend would:
// torch::nn::Sequential of Linear, ReLU and Dropout, torch::optim::Adam. Speaks the protocol of
// ../peer.hpp; the argument is the number of threads.

#include <torch/torch.h>

#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "../contestant.hpp"
#include "../memory_used.hpp"
#include "../workloads.hpp"

namespace {

class Model {
 public:
  explicit Model(const bench::Problem& problem)
      : problem_(problem),
        inputs_(torch::tensor(problem.inputs)
                    .reshape({problem.workload.samples, problem.workload.widths.front()})),
        labels_(torch::tensor(problem.labels)) {
    if (is_binary()) labels_ = labels_.to(torch::kFloat32).reshape({-1, 1});
    add_layers();
    optimizer_ = std::make_unique<torch::optim::Adam>(
        network_->parameters(), torch::optim::AdamOptions(problem.workload.learning_rate)
                                    .betas({bench::beta1, bench::beta2})
                                    .eps(bench::epsilon));
  }

  float step() {
    const torch::Tensor output = network_->forward(inputs_);
    torch::Tensor loss =
        is_binary() ? torch::nn::functional::binary_cross_entropy_with_logits(output, labels_)
                    : torch::nn::functional::cross_entropy(output, labels_);
    if (problem_.workload.l2 > 0) loss = loss + regularization_loss();
    optimizer_->zero_grad();
    loss.backward();
    set_learning_rate();
    optimizer_->step();
    return loss.item<float>();
  }

 private:
  bool is_binary() const {
    return problem_.workload.loss == bench::Loss::sigmoid_binary_cross_entropy;
  }

  void add_layers() {
    const auto& workload = problem_.workload;
    const std::size_t count = workload.widths.size() - 1;
    for (std::size_t i = 0; i < count; ++i) {
      torch::nn::Linear linear(workload.widths[i], workload.widths[i + 1]);
      const torch::NoGradGuard no_grad;
      linear->weight.copy_(torch::tensor(problem_.weights[i])
                               .reshape({workload.widths[i], workload.widths[i + 1]})
                               .t());
      linear->bias.zero_();
      network_->push_back(linear);
      if (i == 0) first_ = linear;
      if (i + 1 < count) network_->push_back(torch::nn::ReLU());
      if (i == 0 && workload.dropout > 0) network_->push_back(torch::nn::Dropout(workload.dropout));
    }
  }

  torch::Tensor regularization_loss() const {
    return problem_.workload.l2 * (first_->weight.square().sum() + first_->bias.square().sum());
  }

  void set_learning_rate() {
    const double rate = problem_.workload.learning_rate /
                        (1 + problem_.workload.decay * static_cast<double>(steps_++));
    optimizer_->param_groups().front().options().set_lr(rate);
  }

  const bench::Problem& problem_;
  torch::Tensor inputs_;
  torch::Tensor labels_;
  torch::nn::Sequential network_;
  torch::nn::Linear first_{nullptr};
  std::unique_ptr<torch::optim::Adam> optimizer_;
  std::int64_t steps_ = 0;
};

double before = 0;  // the megabytes of this process when it was given the last problem

std::string answer(std::map<std::string, bench::Problem>& problems, const std::string& line) {
  std::istringstream in(line);
  std::string command, name, argument;
  in >> command >> name >> argument;
  if (command == "version") return "libtorch " TORCH_VERSION;
  if (command == "load") {
    before = bench::memory_megabytes("VmRSS");
    problems[name] = bench::read_problem(argument);
    return "ok";
  }
  std::ostringstream out;
  out.precision(9);
  Model model(problems.at(name));
  if (command == "losses") {
    for (int i = 0; i < std::stoi(argument); ++i) out << model.step() << ' ';
  } else if (command == "usage") {
    bench::time_steps(model, 1);
    const double faults = bench::page_faults();
    const int steps = std::stoi(argument);
    for (int i = 0; i < steps; ++i) model.step();
    out << (bench::page_faults() - faults) / steps << ' '
        << bench::memory_megabytes("VmHWM") - before;
  } else {
    out << bench::time_steps(model, std::stoi(argument));
  }
  return out.str();
}

}  // namespace

int main(int argc, char** argv) {
  torch::set_num_threads(argc > 1 ? std::stoi(argv[1]) : 1);
  std::map<std::string, bench::Problem> problems;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(problems, line) << std::endl;
  }
}
