#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/tape.hpp>

#include "../support/small_ops.hpp"

using namespace xtape;
using namespace small;

namespace {

std::string number(const Tensor& x) { return std::to_string(x.node()->number()); }

std::string text(const Tape& tape) {
  std::ostringstream stream;
  stream << tape;
  return stream.str();
}

}  // namespace

TEST_CASE("a tape lists what an output was made of, newest first, leaves last") {
  const Tensor x = vector({1, 2}).set_requires_grad(true),
               y = vector({1, 2}).set_requires_grad(true);
  const Tensor product = multiply(x, y);
  const Tensor apart = scale(y, 2);
  const Tensor sum = total(add(product, x));
  const Tape tape(sum);
  REQUIRE(tape.size() == 5);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tape.size(); ++i) names.push_back(tape[i].name());
  CHECK(names == std::vector<std::string>{"total", "add", "multiply", "leaf", "leaf"});
  CHECK(tape[2].shape() == Shape{2});
  CHECK(tape[2].inputs()[1].get() == y.node());
  CHECK(tape[3].is_leaf());
  CHECK(tape.contains(product.node()));
  CHECK(tape.contains(x.node()));
  CHECK(!tape.contains(apart.node()));
  CHECK(!tape.contains(nullptr));
  CHECK(tape.saved_bytes() == 32);
  CHECK(tape[2].saved_bytes() == 32);
}

TEST_CASE("a tape of several outputs lists each node once") {
  const Tensor x = leaf(1);
  const Tensor y = multiply(x, x);
  const std::vector<Tensor> outputs{scale(y, 2), y, scale(y, 3), scalar(1)};
  CHECK(Tape(outputs).size() == 4);
  CHECK(Tape(scalar(1)).size() == 0);
}

TEST_CASE("a tape as a table") {
  while (leaf(0).node()->number() % 1000 != 99) {
  }  // so that the numbers to come are of one width
  const Tensor x = vector({1, 2}).set_requires_grad(true).set_name("speed");
  const Tensor loss = total(multiply(scale(x, 2), vector({3, 4})));
  const auto id = [&](std::uint64_t i) { return "%" + std::to_string(x.node()->number() + i); };
  const std::string blank(id(0).size(), ' ');
  CHECK(text(Tape(loss)) ==
        "operation   operands" + blank + "        result" + blank + "       bytes  saved\n" +  //
            "total       " + id(2) + " float64[2]     " + id(3) + " float64[]       8      0\n" +
            "multiply    " + id(1) + " float64[2], -  " + id(2) + " float64[2]     16     32\n" +
            "scale       " + id(0) + " float64[2]     " + id(1) + " float64[2]     16      0\n" +
            "leaf speed  " + blank + "                " + id(0) + " float64[2]     16      0\n" +
            "            " + blank + "                " + blank + "                56     32\n");
}

TEST_CASE("a swept tape still lists its nodes, without saved values, and cannot be swept again") {
  const Tensor x = leaf(3);
  const Tensor y = multiply(x, x);
  Tape tape(y);
  const Tensor seed = scalar(1);
  Node* const wanted = x.node();
  const auto sweep = [&](bool retain) {
    return tape.sweep({&y, 1}, {&seed, 1}, {&wanted, 1}, {.retain_graph = retain})[0].item();
  };
  CHECK(sweep(true) == 6);
  CHECK(tape.saved_bytes() == 16);
  CHECK(sweep(false) == 6);
  REQUIRE(tape.size() == 2);
  CHECK(tape.saved_bytes() == 0);
  CHECK(tape[0].released());
  CHECK(text(tape).find("multiply") != std::string::npos);
  CHECK_THROWS_AS(sweep(false), GradError);
}

TEST_CASE("a tape as a drawing") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  const Tensor y = multiply(x, vector({3, 4}));
  const Tensor z =
      record("a \"quoted\\name\"", total(y).detach(), {y}, [](const Tensor&, const Send&) {});
  const std::string nx = "n" + number(x), ny = "n" + number(y), nz = "n" + number(z);
  CHECK(Tape(z).to_dot() ==
        "digraph tape {\n"
        "  " +
            nz +
            " [label=\"a \\\"quoted\\\\name\\\"\\nfloat64[]\"];\n"
            "  " +
            ny + " -> " + nz +
            ";\n"
            "  " +
            ny +
            " [label=\"multiply\\nfloat64[2]\"];\n"
            "  " +
            nx + " -> " + ny +
            " [label=0];\n"
            "  " +
            nx +
            " [label=\"float64[2]\", shape=box];\n"
            "}\n");
  CHECK(Tape(scalar(1)).to_dot() == "digraph tape {\n}\n");
}

TEST_CASE("tape: a leaf is one, however far apart the operations are that read it") {
  for (const int count : {1, 2, 4, 5, 10}) {
    std::vector<Tensor> leaves;
    for (int i = 0; i < count; ++i)
      leaves.push_back(tensor(i, Dtype::float64).set_requires_grad(true));
    Tensor y = tensor(0.0, Dtype::float64);
    for (int round = 1; round <= 3; ++round)
      for (int i = 0; i < count; ++i) y = y + round * (leaves[static_cast<std::size_t>(i)] + i);
    CHECK(Tape(y).leaves().size() == static_cast<std::size_t>(count));
    y.backward();
    for (const Tensor& leaf : leaves) CHECK(leaf.grad().item() == 6);
  }
}
