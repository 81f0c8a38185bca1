#include <xtape/xtape.hpp>

#include "initialise.hpp"
#include "operation_table.hpp"

using namespace xtape;

namespace bench {
namespace {

using Kind = Input::Kind;

Input numbers(const Shape& shape) { return {-1, 1, shape}; }
Input constants(const Shape& shape, double low = -1) { return {low, 1, shape, Kind::constant}; }
Input classes(double count, const Shape& shape, double first = 0) {
  return {first, count, shape, Kind::integer};
}

template <class M>
Operation layer(const std::string& name, const Input& x, const M& module) {
  initialise(module);
  Operation result(name, {x}, [module](auto& v) { return module(v[0]); });
  result.parameters = module.parameters();
  return result;
}

std::vector<Operation> image_layers() {
  const Shape large{32, 16, 32, 32}, middle{32, 32, 16, 16}, small{32, 64, 8, 8};
  return {
      layer("Conv2d(16, 16, 3)", numbers(large), nn::Conv2d(16, 16, 3, {.padding = 1})),
      layer("Conv2d(32, 32, 3)", numbers(middle), nn::Conv2d(32, 32, 3, {.padding = 1})),
      layer("Conv2d(64, 64, 3)", numbers(small), nn::Conv2d(64, 64, 3, {.padding = 1})),
      layer("Conv2d(16, 32, 3), stride 2", numbers(large),
            nn::Conv2d(16, 32, 3, {.stride = 2, .padding = 1})),
      layer("Conv2d(64, 128, 1)", numbers(small), nn::Conv2d(64, 128, 1)),
      layer("Conv2d(64, 64, 3), depthwise", numbers({32, 64, 16, 16}),
            nn::Conv2d(64, 64, 3, {.padding = 1, .groups = 64})),
      layer("Conv1d(32, 32, 5)", numbers({32, 32, 128}), nn::Conv1d(32, 32, 5, {.padding = 2})),
      layer("ConvTranspose2d(32, 16, 4), stride 2", numbers(middle),
            nn::ConvTranspose2d(32, 16, 4, {.stride = 2, .padding = 1})),
      layer("MaxPool2d(2)", numbers(large), nn::MaxPool2d(2)),
      layer("AvgPool2d(2)", numbers(large), nn::AvgPool2d(2)),
      layer("AdaptiveAvgPool2d(1)", numbers(small), nn::AdaptiveAvgPool2d(1)),
      layer("BatchNorm2d(16)", numbers(large), nn::BatchNorm2d(16)),
      layer("GroupNorm(4, 16)", numbers(large), nn::GroupNorm(4, 16)),
  };
}

std::vector<Operation> row_layers() {
  Operation sparse = layer("Embedding(5000, 64), sparse", classes(5000, {512}),
                           nn::Embedding(5000, 64, {.sparse = true}));
  sparse.into_leaves = true;
  return {
      layer("Dense(256, 256)", numbers({128, 256}), nn::Dense(256, 256)),
      layer("BatchNorm1d(256)", numbers({512, 256}), nn::BatchNorm1d(256)),
      layer("LayerNorm(64)", numbers({512, 64}), nn::LayerNorm(64)),
      layer("LayerNorm(512)", numbers({2048, 512}), nn::LayerNorm(512)),
      layer("RMSNorm(512)", numbers({2048, 512}), nn::RMSNorm(512)),
      layer("Embedding(5000, 64)", classes(5000, {512}), nn::Embedding(5000, 64)),
      sparse,
  };
}

Operation attention(const std::string& name, const Shape& shape) {
  return {name, {numbers(shape), numbers(shape), numbers(shape)}, [](auto& v) {
            return scaled_dot_product_attention(v[0], v[1], v[2]);
          }};
}

std::vector<Operation> sequence_layers() {
  const Input narrow = numbers({32, 20, 64}), wide = numbers({32, 50, 128});
  const Input tokens = numbers({16, 64, 128});
  return {
      layer("LSTM(64, 64)", narrow, nn::LSTM(64, 64)),
      layer("LSTM(128, 128)", wide, nn::LSTM(128, 128)),
      layer("GRU(64, 64)", narrow, nn::GRU(64, 64)),
      layer("GRU(128, 128)", wide, nn::GRU(128, 128)),
      attention("attention, 16 x 4 x 32 x 16", {16, 4, 32, 16}),
      attention("attention, 4 x 4 x 512 x 32", {4, 4, 512, 32}),
      layer("MultiheadAttention(128, 4)", tokens, nn::MultiheadAttention(128, 4)),
      layer("TransformerEncoderLayer(128, 4)", tokens,
            nn::TransformerEncoderLayer(128, 4, {.feed_forward_width = 512, .dropout = 0})),
  };
}

std::vector<Operation> losses() {
  const Input logits = numbers({1000, 100}), targets = constants({1000, 100}, 0);
  return {
      {"cross_entropy",
       {logits, classes(100, {1000})},
       [](auto& v) { return nn::cross_entropy(v[0], v[1]); }},
      {"binary_cross_entropy_with_logits",
       {logits, targets},
       [](auto& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1]); }},
      {"mean_squared_error",
       {logits, targets},
       [](auto& v) { return nn::mean_squared_error(v[0], v[1]); }},
      {"smooth_l1_loss", {logits, targets}, [](auto& v) { return nn::smooth_l1_loss(v[0], v[1]); }},
      {"kl_divergence", {logits, targets}, [](auto& v) { return nn::kl_divergence(v[0], v[1]); }},
      {"gaussian_nll_loss",
       {logits, targets, {0.5, 1, {1000, 100}}},
       [](auto& v) { return nn::gaussian_nll_loss(v[0], v[1], v[2]); }},
      {"triplet_margin_loss",
       {logits, logits, logits},
       [](auto& v) { return nn::triplet_margin_loss(v[0], v[1], v[2]); }},
      {"ctc_loss",
       {numbers({16, 50, 20}), classes(20, {16, 10}, 1)},
       [](auto& v) {
         return nn::ctc_loss(log_softmax(v[0]), v[1], {.reduction = nn::Reduction::sum});
       }},
  };
}

struct Block : nn::Module {
  Block(std::int64_t inputs, std::int64_t outputs, std::int64_t stride)
      : conv1(child("conv1", nn::Conv2d(inputs, outputs, 3,
                                        {.stride = stride, .padding = 1, .bias = false}))),
        norm1(child("norm1", nn::BatchNorm2d(outputs))),
        conv2(child("conv2", nn::Conv2d(outputs, outputs, 3, {.padding = 1, .bias = false}))),
        norm2(child("norm2", nn::BatchNorm2d(outputs))),
        shortcut(child("shortcut", stride == 1 ? nn::Sequential()
                                               : nn::Sequential{nn::Conv2d(inputs, outputs, 1,
                                                                           {.stride = stride})})) {}
  nn::Conv2d conv1;
  nn::BatchNorm2d norm1;
  nn::Conv2d conv2;
  nn::BatchNorm2d norm2;
  nn::Sequential shortcut;

  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      return relu(norm2(conv2(relu(norm1(conv1(in))))) + shortcut(in));
    });
  }
};

std::vector<Operation> nets() {
  const nn::ConvOptions same{.padding = 2};
  return {
      layer("LeNet-5", constants({64, 1, 28, 28}),
            nn::Sequential{nn::Conv2d(1, 6, 5, same), nn::ReLU(), nn::MaxPool2d(2),
                           nn::Conv2d(6, 16, 5), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                           nn::Dense(400, 120), nn::ReLU(), nn::Dense(120, 84), nn::ReLU(),
                           nn::Dense(84, 10)}),
      layer("lenet of the examples", constants({64, 1, 28, 28}),
            nn::Sequential{nn::Conv2d(1, 16, 5, same), nn::BatchNorm2d(16), nn::ReLU(),
                           nn::MaxPool2d(2), nn::Conv2d(16, 32, 5, same), nn::BatchNorm2d(32),
                           nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Dense(1568, 128),
                           nn::ReLU(), nn::Dense(128, 10)}),
      layer("ResNet-8", constants({32, 3, 32, 32}),
            nn::Sequential{nn::Conv2d(3, 16, 3, {.padding = 1, .bias = false}), nn::BatchNorm2d(16),
                           nn::ReLU(), Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
                           nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Dense(64, 10)}),
  };
}

}  // namespace

std::vector<Operation> layers() {
  std::vector<Operation> all;
  for (const auto& some : {image_layers(), row_layers(), sequence_layers(), losses(), nets()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace bench
