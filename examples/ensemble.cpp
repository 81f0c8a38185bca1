// Sixteen small networks trained as one: their parameters lie in tensors with a leading axis, over which
// vmap maps the network, and compile replays the step. Together they know what they do not know.
#include <iostream>
#include <vector>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

constexpr std::int64_t members = 16, width = 32, classes = 3;

}  // namespace

int main() {
  Rng rng(0);
  const data::Dataset points = data::spiral(60, classes, rng),
                      test = data::spiral(200, classes, rng);
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  std::vector<nn::Sequential> networks;
  for (std::int64_t i = 0; i < members; ++i)
    networks.emplace_back(nn::Dense(2, width, he, rng), nn::ReLU(),
                          nn::Dense(width, classes, he, rng));
  const std::vector<Tensor> parameters = nn::stack_parameters(networks);
  optim::Adam optimizer(parameters, {.learning_rate = 0.02});

  const auto losses = vmap([&](const std::vector<Tensor>& p) {
    return nn::cross_entropy(nn::with_parameters(networks[0], p)(points.x), points.y);
  });
  auto step = compile([&] {
    optimizer.zero_grad();
    const Tensor each = losses(parameters);
    sum(each).backward();  // that of a member is its own: no other has a part in it
    optimizer.step();
    return each;
  });
  Tensor each;
  for (int i = 0; i < 2000; ++i) each = step();
  std::cout << "losses from " << amin(each).item() << " to " << amax(each).item() << '\n';

  const NoGradGuard off;
  const Tensor outputs = vmap([&](const std::vector<Tensor>& p) {
    return nn::with_parameters(networks[0], p)(test.x);
  })(parameters);
  const Tensor shares = softmax(outputs, -1), together = mean(shares, 0);
  double alone = 0;
  for (std::int64_t i = 0; i < members; ++i) alone += accuracy(outputs[i], test.y) / members;
  std::cout << "accuracy of one " << alone << ", of all together " << accuracy(together, test.y)
            << '\n';
  const Tensor right = equal(argmax(together, 1), test.y), doubt = sum(var(shares, 0), 1);
  std::cout << "disagreement where they are right " << mean(masked_select(doubt, right)).item()
            << ", where they are wrong " << mean(masked_select(doubt, !right)).item() << '\n';
}
