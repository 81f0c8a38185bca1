#include "support/peer_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

/// Numbers as both sides have them.
Tensor drawn_in_steps(std::size_t seed, const Shape& shape, double low, double high, int steps) {
  return round(steps * Rng(seed).uniform(shape, low, high, Dtype::float64)) / steps;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

double number(const std::string& word) { return std::strtod(word.c_str(), nullptr); }

/// "5*0" is five zeros; "-" and "~" are not compared.
PeerUse::Numbers numbers(const std::vector<std::string>& words, std::size_t first) {
  PeerUse::Numbers result;
  for (std::size_t i = first; i < words.size(); ++i) {
    const std::size_t star = words[i].find('*');
    const std::string text = star == std::string::npos ? words[i] : words[i].substr(star + 1);
    const auto count = star == std::string::npos ? 1 : static_cast<std::size_t>(number(words[i]));
    result.values.insert(result.values.end(), count, number(text));
    result.compared.insert(result.compared.end(), count, text != "-" && text != "~");
  }
  return result;
}

/// kind low high : shape + others
void read_input(PeerUse& use, const std::vector<std::string>& words) {
  const std::string& kind = words[0];
  std::vector<std::int64_t> extents;
  std::size_t at = 4;
  for (; at < words.size() && words[at] != "+"; ++at) extents.push_back(std::stoll(words[at]));
  Tensor x = drawn_in_steps(use.inputs.size(), Shape(std::span<const std::int64_t>(extents)),
                            number(words[1]), number(words[2]), kind == "halves" ? 2 : 32);
  if (kind == "integers" || kind == "orders") x = floor(x);
  if (at < words.size()) x = concatenate({x, from_vector(numbers(words, at + 1).values)});
  x = x.to(Dtype::float32).to(kind == "integers" ? Dtype::int64 : Dtype::float64);
  use.inputs.push_back(kind == "booleans" ? x > 0.5 : x);
  use.wanted.push_back(kind == "uniform" || kind == "halves");
}

/// y shape ; shape : numbers
void read_value(PeerUse& use, const std::vector<std::string>& words) {
  std::size_t at = 1;
  std::vector<std::int64_t> extents;
  for (; words.at(at) != ":"; ++at) {
    if (words[at] != ";") {
      extents.push_back(std::stoll(words[at]));
      continue;
    }
    use.shapes.push_back(Shape(std::span<const std::int64_t>(extents)));
    extents.clear();
  }
  use.shapes.push_back(Shape(std::span<const std::int64_t>(extents)));
  use.value = numbers(words, at + 1);
}

Tensors weights(std::size_t first_seed, const Tensors& of) {
  Tensors result;
  for (const Tensor& x : of) {
    result.push_back(
        drawn_in_steps(first_seed + result.size(), x.shape(), 0.5, 1.5, 16).to(x.dtype()));
  }
  return result;
}

/// The gradients of the sum of all weighted elements; zeros where there are none.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, std::size_t seed, bool record) {
  GradOptions options{.create_graph = record, .allow_unused = true};
  const Tensors seeds = weights(seed, outputs);
  Tensors recorded;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    recorded.push_back(outputs[i]);
    options.seeds.push_back(seeds[i]);
  }
  Tensors result = recorded.empty() ? Tensors(inputs.size()) : grad(recorded, inputs, options);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!result[i].defined()) result[i] = zeros_like(inputs[i]);
  }
  return result;
}

/// The worst element, if one is farther off than `tolerance_of`, relative to the greater of 1 and
/// the value; in linear algebra, where all elements of a matrix take part in each, to its greatest
/// one. A layer, and a net over some steps, is several such operations, one behind the other.
std::string difference(const Tensors& got, const PeerUse::Numbers& expected, Dtype dtype,
                       const std::string& section) {
  const bool of_matrices = section == "linalg";
  const double operations = section == "layers" || section == "sequences" ? 4 : 1;
  std::size_t at = 0;
  for (const Tensor& x : got) {
    Doubles found = values(x);
    if (at + found.size() > expected.values.size()) return "too many elements";
    Doubles wanted(expected.values.begin() + static_cast<std::ptrdiff_t>(at),
                   expected.values.begin() + static_cast<std::ptrdiff_t>(at + found.size()));
    double greatest = 1;
    for (const double value : wanted) greatest = std::max(greatest, std::abs(value));
    for (std::size_t i = 0; i < wanted.size(); ++i, ++at) {
      // signs of 0 are tested elsewhere
      if (!expected.compared[at] || (found[i] == 0 && wanted[i] == 0)) found[i] = wanted[i] = 0;
    }
    const double tolerance = operations * tolerance_of(dtype) * (of_matrices ? greatest : 1);
    const std::string wrong = mismatch(from_vector(std::move(found)).to(dtype),
                                       from_vector(std::move(wanted)).to(dtype), tolerance);
    if (!wrong.empty()) return wrong;
  }
  return at == expected.values.size() ? "" : "too few elements";
}

/// In float64 and in float32; the gradient as a fused sweep and as a recorded one.
void check_use(const PeerUse& use, const PeerOperation& operation, const std::string& section) {
  CAPTURE(use.name);
  for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
    CAPTURE(to_string(dtype));
    Tensors inputs, wanted;
    for (std::size_t i = 0; i < use.inputs.size(); ++i) {
      const Tensor& x = use.inputs[i];
      inputs.push_back(is_floating(x.dtype()) ? x.detach().to(dtype) : x);
      if (use.wanted[i]) wanted.push_back(inputs.back().set_requires_grad(true));
    }
    const Tensors y = operation.apply(inputs);
    REQUIRE(y.size() == use.shapes.size());
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i].shape() == use.shapes[i]);
    const Tensors gradient = gradients(y, wanted, 100, true);
    const auto check = [&](const Tensors& got, const PeerUse::Numbers& expected) {
      CHECK(difference(got, expected, dtype, section) == "");
    };
    check(y, use.value);
    check(gradients(operation.apply(inputs), wanted, 100, false), use.gradient);
    check(gradient, use.gradient);
    check(gradients(gradient, wanted, 200, false), use.second);
  }
}

}  // namespace

std::vector<PeerUse> peer_uses(const std::string& section) {
  std::ifstream file(XTAPE_PEERS "/" + section + ".txt");
  std::vector<PeerUse> uses;
  std::string line;
  std::getline(file, line);  // what has written it
  while (std::getline(file, line)) {
    const std::vector<std::string> words = words_of(line);
    if (line[0] != ' ') {
      uses.emplace_back().name = line;
    } else if (words[0] == "y") {
      read_value(uses.back(), words);
    } else if (words[0] == "g" || words[0] == "h") {
      (words[0] == "g" ? uses.back().gradient : uses.back().second) = numbers(words, 1);
    } else {
      read_input(uses.back(), words);
    }
  }
  if (uses.empty())
    throw std::runtime_error("there are no uses in tests/peers/" + section + ".txt");
  return uses;
}

void check_sections(const std::vector<std::string>& sections,
                    const std::vector<PeerOperation>& operations) {
  std::set<std::string> used;
  for (const std::string& section : sections) {
    for (const PeerUse& use : peer_uses(section)) {
      const std::string of = use.name.substr(0, use.name.find(':'));
      const auto find = [&](const std::string& name) {
        return std::find_if(operations.begin(), operations.end(),
                            [&](const PeerOperation& one) { return one.name == name; });
      };
      const auto found = find(use.name) != operations.end() ? find(use.name) : find(of);
      CAPTURE(use.name);
      REQUIRE(found != operations.end());
      check_use(use, *found, section);
      used.insert(found->name);
    }
  }
  for (const PeerOperation& one : operations) {
    CAPTURE(one.name);
    CHECK(used.contains(one.name));
  }
}
