// A language model of a text of one's own, character by character: a small transformer that guesses
// the next one from those before it. What it has not learnt from tells how well it guesses; at the
// end it writes by itself. Its words are those it reads with: the output has the weights of the
// embedding.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  std::string text = "README.md";
  std::string prompt = "\n";
  int epochs = 40, batch_size = 8, context = 32, width = 64, heads = 4, layers = 2, sample = 400;
  double learning_rate = 2e-3, dropout = 0.1, temperature = 0.7;
  std::uint64_t seed = 0;
};

/// A text as numbers, and the character of each.
struct Text {
  std::vector<std::int64_t> numbers;
  std::string characters;

  std::int64_t number(char c) const {
    const std::size_t at = characters.find(c);
    if (at == std::string::npos)
      throw ValueError(std::string("--prompt: the text has no character ") + c);
    return static_cast<std::int64_t>(at);
  }
};

Text read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file || content.str().empty()) throw std::runtime_error(path + ": there is no text");
  Text text;
  for (const char c : content.str()) {
    if (text.characters.find(c) == std::string::npos) text.characters += c;
    text.numbers.push_back(text.number(c));
  }
  return text;
}

struct LanguageModel : nn::Module {
  LanguageModel(std::int64_t characters, const Flags& flags, Rng& rng)
      : words(child("words", nn::Embedding(characters, flags.width,
                                           {.weight_init = nn::init::normal(0.1)}, rng))),
        positions(child("positions", nn::LearnedPositions(flags.context, flags.width, {}, rng))),
        body(child("body", nn::TransformerEncoder(flags.width, flags.heads, flags.layers,
                                                  {.feed_forward_width = 4 * flags.width,
                                                   .dropout = flags.dropout,
                                                   .activation = nn::FeedForwardActivation::gelu,
                                                   .norm_first = true,
                                                   .final_norm = true},
                                                  rng))) {}
  nn::Embedding words;
  nn::LearnedPositions positions;
  nn::TransformerEncoder body;

  /// Scores of the next character at each place: [batch, places] to [batch, places, characters].
  Tensor operator()(const Tensor& numbers) const {
    const ErrorContext in = here();
    const Tensor read = body(positions(words(numbers)), {.causal = true});
    return matmul(read, transpose(words.weight));
  }
};

/// Pieces of so many characters, from `first` on, each with the character that follows on each of
/// its own.
data::Dataset pieces(const Tensor& text, std::int64_t first, std::int64_t context) {
  const std::int64_t count = (text.size() - 1 - first) / context;
  const auto part = [&](std::int64_t from) {
    return reshape(slice(text, {range(from, from + count * context)}), {count, context});
  };
  return {part(first), part(first + 1)};
}

Tensor loss_of(const LanguageModel& model, const Tensor& x, const Tensor& next) {
  const Tensor scores = model(x);
  return nn::cross_entropy(reshape(scores, {-1, scores.extent(-1)}), reshape(next, {-1}));
}

/// Bits that a character of a text takes.
double bits(const LanguageModel& model, const data::Dataset& text) {
  const NoGradGuard off;
  model.eval();
  double sum = 0;
  for (auto [x, y] : data::Loader(text, {.batch_size = 32}))
    sum += loss_of(model, x, y).item() * static_cast<double>(x.extent(0));
  model.train();
  return sum / static_cast<double>(text.x.extent(0)) / std::log(2.0);
}

/// What the model writes behind a prompt.
std::string written(const LanguageModel& model, const Text& text, const Flags& flags, Rng& rng) {
  const NoGradGuard off;
  model.eval();
  std::string result = flags.prompt;
  for (int i = 0; i < flags.sample; ++i) {
    std::vector<std::int64_t> last;
    const auto context = static_cast<std::size_t>(flags.context);
    for (const char c : result.substr(result.size() - std::min(result.size(), context)))
      last.push_back(text.number(c));
    const Tensor scores = model(expand_dims(from_vector(std::move(last)), 0))[0][-1];
    // The greatest of scores with such noise is drawn with the probabilities of the softmax.
    const Tensor noise = -log(-log(rng.uniform(scores.shape(), 1e-6, 1)));
    const Tensor best = argmax(scores / flags.temperature + noise);
    result += text.characters[static_cast<std::size_t>(best.item())];
  }
  return result;
}

void train(const Flags& flags) {
  const Text text = read_text(flags.text);
  Rng rng(flags.seed);
  const Tensor all = from_vector(text.numbers);
  const data::Split parts = data::block_split({all, all}, 0.1);  // the end has not been read
  if (parts.test.x.size() <= flags.context) throw ValueError(flags.text + ": is too short");
  const data::Dataset unread = pieces(parts.test.x, 0, flags.context);
  const LanguageModel model(static_cast<std::int64_t>(text.characters.size()), flags, rng);
  const std::int64_t batches =
      data::Loader(pieces(parts.train.x, 0, flags.context), {.batch_size = flags.batch_size})
          .size();
  optim::AdamW optimizer(model.parameters(),
                         {.learning_rate = flags.learning_rate,
                          .schedule = optim::schedule::cosine(flags.epochs * batches)});
  ProgressBar progress(flags.epochs * parts.train.x.size(), "characters");
  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    const std::string title = "epoch " + std::to_string(epoch) + "/" + std::to_string(flags.epochs);
    const std::int64_t first = rng.integer(0, flags.context);  // other pieces in each epoch
    double sum = 0, count = 0;
    for (auto [x, y] : data::Loader(pieces(parts.train.x, first, flags.context),
                                    {.batch_size = flags.batch_size, .shuffle = true}, rng)) {
      const Tensor loss = loss_of(model, x, y);
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      sum += loss.item() / std::log(2.0);
      ++count;
      progress.advance(x.size(), title);
    }
    progress.clear();
    std::printf("%s, bits a character: %.3f read, %.3f unread, %.1f s\n", title.c_str(),
                sum / count, bits(model, unread), progress.seconds());
    std::fflush(stdout);
  }
  std::printf("%s\n", written(model, text, flags, rng).c_str());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a transformer on the characters of a text, and lets it write.",
      {{"--text", &flags.text, "File with the text"},
       {"--epochs", &flags.epochs, "Passes over the text", positive},
       {"--batch-size", &flags.batch_size, "Pieces of a step", positive},
       {"--context", &flags.context, "Characters of a piece", integer_in(2, 100'000)},
       {"--width", &flags.width, "Numbers of each character", positive},
       {"--heads", &flags.heads, "Of attention, divide the width", positive},
       {"--layers", &flags.layers, "Of the transformer", positive},
       {"--dropout", &flags.dropout, "Share of numbers dropped in training", share},
       {"--learning-rate", &flags.learning_rate, "Of AdamW at the start; falls to 0", not_negative},
       {"--sample", &flags.sample, "Characters to write at the end", positive},
       {"--prompt", &flags.prompt, "What they follow on"},
       {"--temperature", &flags.temperature, "Below 1: what is likely, more often",
        number_in(0.01, 100.0)},
       {"--seed", &flags.seed, "Seed of weights, order and what is written", seeds}},
      [&] { train(flags); });
}
