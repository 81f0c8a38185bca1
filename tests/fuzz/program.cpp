#include "program.hpp"

#include <algorithm>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

constexpr std::int64_t most_elements = 4096;

/// Sixteenths, among them what is special.
double number(Decisions& bytes, bool special) {
  const std::uint8_t byte = bytes.next();
  if (special && byte % 16 == 7) {
    const double all[] = {0.0,
                          -0.0,
                          1.0,
                          -1.0,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN(),
                          1e30};
    return all[byte / 16 % 8];
  }
  return (static_cast<double>(byte) - 127.5) / 64;
}

Tensor input(Decisions& bytes, Dtype dtype, bool special, std::size_t large) {
  const std::int64_t extents[] = {3, 2, 1, 4, 5, 3, 2, 0};
  std::vector<std::int64_t> shape(bytes.below(4));
  for (std::int64_t& extent : shape) extent = extents[bytes.below(8)];
  if (!shape.empty() && large > 0) shape.back() *= static_cast<std::int64_t>(large);
  const Shape of(shape);
  std::vector<double> numbers(static_cast<std::size_t>(of.size()));
  std::uint64_t state = bytes.next();  // where many are wanted, bytes are too dear
  for (double& each : numbers) {
    if (numbers.size() <= 12) {
      each = number(bytes, special);
    } else {
      state = (state * 1664525U + 1013904223U) & 0xffffffffU;
      const std::uint8_t two[] = {static_cast<std::uint8_t>(state >> 24U), 0};
      Decisions drawn(two);
      each = number(drawn, special);
    }
  }
  return from_vector(std::move(numbers), of).to(dtype);
}

Tensor broken(const Tensor& x) {
  return record("broken", x.detach(), {x},
                [](const Tensor&, const Send&) { throw std::runtime_error("broken rule"); });
}

/// The same by a node of its own, at which gradients meet.
Tensor passed(const Tensor& x) {
  return on_gradient(x, [](const Tensor&) {});
}

void print(std::ostream& stream, const Tensor& x) {
  stream << x.describe() << " = {";
  const std::vector<double> all = x.detach().to_vector<double>();
  for (std::size_t i = 0; i < all.size() && i < 24; ++i) stream << (i > 0 ? ", " : "") << all[i];
  stream << (all.size() > 24 ? ", ...}" : "}");
}

}  // namespace

bool Program::has(Word::Trait trait) const {
  return std::any_of(steps.begin(), steps.end(), [&](const Step& s) { return s.word->has(trait); });
}

bool Program::all(Word::Trait trait) const {
  return std::all_of(steps.begin(), steps.end(), [&](const Step& s) { return s.word->has(trait); });
}

bool Program::only(Dtype dtype) const {
  const Tensors all = values_of(*this, inputs);
  return std::all_of(all.begin(), all.end(), [&](const Tensor& x) {
    return !is_floating(x.dtype()) || x.dtype() == dtype;
  });
}

std::string Program::text() const {
  std::ostringstream text;
  text.precision(17);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text << "  v" << i << ": ";
    print(text, inputs[i]);
    text << '\n';
  }
  const Tensors all = values_of(*this, inputs);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text << "  v" << inputs.size() + i << " = " << steps[i].word->name << '(';
    for (std::size_t k = 0; k < steps[i].operands.size(); ++k)
      text << (k > 0 ? ", v" : "v") << steps[i].operands[k];
    text << "), ways {";
    for (std::size_t k = 0; k < 4; ++k) text << (k > 0 ? ", " : "") << +steps[i].ways[k];
    text << "}: ";
    print(text, all[inputs.size() + i]);
    text << '\n';
  }
  text << "  the last " << outputs << " are its results\n";
  return text.str();
}

Tensors values_of(const Program& program, const Tensors& inputs, const Manner& manner) {
  Tensors values = inputs;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    Tensors operands;
    for (const std::size_t k : step.operands) {
      const Tensor& x = values[k];
      operands.push_back(manner.operands == Manner::as_they_are
                             ? x
                             : passed(manner.operands == Manner::dense ? x.contiguous() : x));
    }
    Tensor y = step.word->apply(operands, step.ways);
    if (manner.hooked) y = passed(y);
    if (manner.broken == i + 1) y = broken(y);
    values.push_back(std::move(y));
  }
  return values;
}

Tensors outputs_of(const Program& program, const Tensors& inputs, const Manner& manner) {
  const Tensors all = values_of(program, inputs, manner);
  return {all.end() - static_cast<std::ptrdiff_t>(std::min(program.outputs, all.size())),
          all.end()};
}

Program decoded(Decisions bytes) {
  Program program;
  const std::size_t dtypes = bytes.below(4);
  const bool special = bytes.one_in(3);
  const std::size_t large = bytes.one_in(6) ? 37 : 0;
  const std::size_t inputs = 1 + bytes.below(3);
  for (std::size_t i = 0; i < inputs; ++i) {
    const bool single = dtypes == 0 || (dtypes == 1 && bytes.one_in(2));
    program.inputs.push_back(
        input(bytes, single ? Dtype::float32 : Dtype::float64, special, large));
  }
  program.outputs = 1 + bytes.below(3);

  const NoGradGuard plain;
  Tensors values = program.inputs;
  const std::size_t most = 1 + bytes.below(12);
  for (std::size_t tries = 0; program.steps.size() < most && tries < 60 && !bytes.empty();
       ++tries) {
    const std::size_t which = bytes.next() * 256U + bytes.next();
    const Word& word = words()[which % words().size()];
    Step step{&word, {}, {}};
    Tensors operands;
    for (std::size_t i = 0; i < word.inputs; ++i) {  // more often a late one
      const std::size_t back = std::min(bytes.below(values.size()), bytes.below(values.size()));
      step.operands.push_back(values.size() - 1 - back);
      operands.push_back(values[step.operands.back()]);
    }
    step.ways = Ways({bytes.next(), bytes.next(), bytes.next(), bytes.next()});
    try {
      Tensor y = word.apply(operands, step.ways);
      if (!is_floating(y.dtype()) || y.size() > most_elements || y.rank() > 5) continue;
      values.push_back(std::move(y));
      program.steps.push_back(std::move(step));
    } catch (const Error&) {
      continue;
    }
  }
  return program;
}
