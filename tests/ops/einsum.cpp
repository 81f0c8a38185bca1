#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"
#include "support/numpy_products.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

std::size_t at(char letter) { return static_cast<unsigned char>(letter); }

/// The definition: a loop over all values of all letters. Operands are dense and of float64.
Tensor summed(const std::vector<std::string>& terms, const std::string& output,
              const Tensors& operands) {
  std::array<std::int64_t, 256> extents{}, index{};
  std::string letters;
  std::vector<Doubles> x;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    x.push_back(values(operands[k]));
    for (std::size_t axis = 0; axis < terms[k].size(); ++axis) {
      const char letter = terms[k][axis];
      if (extents[at(letter)] == 0) letters += letter;
      extents[at(letter)] = operands[k].extent(static_cast<std::int64_t>(axis));
    }
  }
  const auto place = [&](const std::string& labels) {
    std::int64_t offset = 0;
    for (const char letter : labels) offset = offset * extents[at(letter)] + index[at(letter)];
    return static_cast<std::size_t>(offset);
  };
  Shape shape;
  for (const char letter : output) shape.push_back(extents[at(letter)]);
  Doubles y(static_cast<std::size_t>(shape.size()));
  std::int64_t combinations = 1;
  for (const char letter : letters) combinations *= extents[at(letter)];
  for (std::int64_t i = 0; i < combinations; ++i) {
    std::int64_t rest = i;
    for (const char letter : letters) {
      index[at(letter)] = rest % extents[at(letter)];
      rest /= extents[at(letter)];
    }
    double product = 1;
    for (std::size_t k = 0; k < terms.size(); ++k) product *= x[k][place(terms[k])];
    y[place(output)] += product;
  }
  return from_vector(std::move(y), shape);
}

struct Use {
  std::vector<std::string> terms;
  std::string output;
  std::string text() const {
    std::string text;
    for (const std::string& term : terms) text += (text.empty() ? "" : ",") + term;
    return text + "->" + output;
  }
  /// A different extent for each letter; eighths.
  Tensors operands() const {
    Tensors result;
    for (const std::string& term : terms) {
      Shape shape;
      for (const char c : term) shape.push_back(2 + (c - 'a') % 4);
      const Tensor x = Rng(result.size()).integers(-4, 5, shape);
      result.push_back(x.to(Dtype::float64) / 8);
    }
    return result;
  }
};

const std::vector<Use> uses{
    {{"ij", "jk"}, "ik"},
    {{"ij", "jk"}, "ki"},
    {{"abcd", "cdef"}, "abef"},
    {{"abcd", "dcef"}, "feba"},
    {{"abcd", "bdae"}, "ce"},
    {{"abcd", "abef"}, "bacdef"},
    {{"cabd", "aebf"}, "abcedf"},
    {{"abc", "abd"}, "acd"},
    {{"abc", "abd", "abe"}, "cde"},
    {{"aab", "bcc"}, "ac"},
    {{"abab", "bc"}, "ca"},
    {{"abcabc"}, "ca"},
    {{"ab", "bc", "cd", "de", "ef"}, "fa"},
    {{"ab", "bc", "ca"}, ""},
    {{"a", "b", "c", "abc"}, "ba"},
    {{"ab", "ac", "ad", "ae"}, "bcde"},
    {{"ab", "cd", "e"}, "a"},
    {{"a", "a", "a", "a"}, "a"},
    {{"abcd", "abcd"}, "dbca"},
    {{"abcdefgh", "abcdefgh"}, ""},
    {{"abcdefgh", "dh"}, "abcefgd"},
};

Tensor strided(const Tensor& x) { return transpose(transpose(x).contiguous()); }

std::vector<std::string> operations(const Trace& trace) {
  std::vector<std::string> result;
  for (const TraceStep& step : trace.steps()) result.push_back(step.operation);
  return result;
}

/// The bytes that are taken while a result is computed, beside its own.
std::int64_t bytes_beside(const std::string& subscripts, const Tensors& operands) {
  const Trace trace;
  const Tensor y = einsum(subscripts, operands);
  const auto own = y.size() * static_cast<std::int64_t>(size_of(y.dtype()));
  return trace.bytes() - own;
}

std::string refused(const std::string& subscripts, const Tensors& operands) {
  return error_of<ValueError>([&] { return einsum(subscripts, operands); });
}
std::string misshapen(const std::string& subscripts, const Tensors& operands) {
  return error_of<ShapeError>([&] { return einsum(subscripts, operands); });
}

}  // namespace

TEST_CASE("einsum is NumPy's, with letters in any order, ellipses, diagonals and nothing") {
  for (const NumpyProduct& use : numpy_einsums) {
    CAPTURE(use.name);
    const Tensors integers = use.operands();
    const Tensor expected = from_vector(use.values, use.shape);
    CHECK(mismatch(einsum(use.name, integers), expected) == "");
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {  // integers are exact in both
      Tensors converted, turned;
      for (const Tensor& x : integers) {
        converted.push_back(x.to(dtype));
        turned.push_back(strided(x.to(dtype)));
      }
      CHECK(mismatch(einsum(use.name, converted) + 0, expected.to(dtype)) == "");  // no -0
      CHECK(mismatch(einsum(use.name, turned) + 0, expected.to(dtype)) == "");
    }
  }
}

TEST_CASE("einsum is the loop over all letters, in every dtype and layout") {
  for (const Use& use : uses) {
    CAPTURE(use.text());
    const Tensors operands = use.operands();
    const Tensor expected = summed(use.terms, use.output, operands);
    Tensors turned, single, integers, truths;
    Tensors of_integers, of_truths;  // as float64
    for (const Tensor& x : operands) {
      turned.push_back(strided(x));
      single.push_back(x.to(Dtype::float32));
      integers.push_back((x * 8).to(Dtype::int64));
      of_integers.push_back(x * 8);
      truths.push_back(x > 0.375);
      of_truths.push_back((x > 0.375).to(Dtype::float64));
    }
    CHECK(mismatch(einsum(use.text(), operands), expected, 1e-14) == "");
    CHECK(mismatch(einsum(use.text(), turned), expected, 1e-14) == "");
    CHECK(mismatch(einsum(use.text(), single), expected.to(Dtype::float32), 1e-5) == "");
    const Tensor counted = summed(use.terms, use.output, of_integers).to(Dtype::int64);
    CHECK(mismatch(einsum(use.text(), integers), counted) == "");
    const Tensor any_true = summed(use.terms, use.output, of_truths) > 0;
    CHECK(mismatch(einsum(use.text(), truths), any_true) == "");
  }
}

TEST_CASE("einsum: gradients are einsums of the other operands") {
  for (const Use& use : uses) {
    CAPTURE(use.text());
    Tensors operands;
    for (const Tensor& x : use.operands()) operands.push_back(x.set_requires_grad(true));
    const Tensor y = einsum(use.text(), operands);
    const Tensor g = Rng(9).integers(-4, 5, y.shape()).to(Dtype::float64);
    const Tensors got = grad({sum(y * g)}, operands);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      std::string own = use.terms[i];
      std::sort(own.begin(), own.end());
      const bool repeats = std::unique(own.begin(), own.end()) != own.end();
      Use rule{use.terms, use.terms[i]};
      Tensors others = operands;
      rule.terms[i] = use.output;
      others[i] = g;
      std::string known;
      for (const std::string& term : rule.terms) known += term;
      const bool lost = std::any_of(rule.output.begin(), rule.output.end(),
                                    [&](char c) { return known.find(c) == std::string::npos; });
      if (repeats || lost) continue;  // what is no einsum: see tests/gradients.cpp
      CHECK(mismatch(got[i], summed(rule.terms, rule.output, others), 1e-13) == "");
    }
  }
}

TEST_CASE("einsum: integers are exact and wrap as those of NumPy, dtypes promote, numbers adapt") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  const Tensor a = from_vector(std::vector<std::int64_t>{large, 3}),
               b = from_vector(std::vector<std::int64_t>{1, large});
  CHECK(einsum("i,i", {a, b}).to_vector<std::int64_t>()[0] == 4 * large);
  CHECK(einsum("i,j->ij", {a, b}).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{large, (std::int64_t{1} << 54) + 1, 3, 3 * large});
  const Tensor half = from_vector(std::vector<std::int64_t>{std::int64_t{1} << 62});
  CHECK(einsum("i,j->", {half, tensor({4})}).to_vector<std::int64_t>()[0] == 0);
  CHECK(einsum("i,i", {tensor({1, 2}), ones({2})}).dtype() == Dtype::float64);
  CHECK(einsum("i,i->i", {tensor({true, false}), ones({2})}).dtype() == Dtype::float32);
  CHECK(einsum("i->", {tensor({true, true})}).dtype() == Dtype::boolean);
  CHECK(einsum(",i->i", {2, ones({2})}).dtype() == Dtype::float32);
  CHECK(mismatch(einsum(",i->i", {0.1, ones({2}, Dtype::float64)}),
                 full({2}, 0.1, Dtype::float64)) == "");
  // The products are taken in float64, where they would wrap as integers.
  const Tensor most = full({1}, std::int64_t{1} << 40, Dtype::int64);
  CHECK(einsum("i,i,i->i", {most, most, ones({1})}).item() == 0x1p80);
  // 2^66 paths, all true, do not wrap to none.
  const Tensor truths = broadcast_to(tensor(true), {1 << 11, 1 << 11});
  CHECK(einsum("ij,ik,il,im,in,io->", {truths, truths, truths, truths, truths, truths}).item() ==
        1);
}

TEST_CASE("einsum: two operands go to matmul as they lie, without copies") {
  const Tensor a = drawn({4, 5}, -1, 1), b = drawn({5, 6}, -1, 1, 1);
  {
    const Trace trace;
    static_cast<void>(einsum("ij,jk->ik", {a, b}));
    CHECK(operations(trace) == std::vector<std::string>{"matmul"});
  }
  const Tensor c = drawn({3, 4, 5}, -1, 1), d = drawn({3, 5, 6}, -1, 1, 1);
  {
    const Trace trace;
    static_cast<void>(einsum("bij,bjk->bik", {c, d}));
    CHECK(operations(trace) == std::vector<std::string>{"matmul"});
  }
  {
    const Trace trace;
    const Tensor y = einsum("ij,jk->ki", {a, b});
    CHECK(y.is_contiguous());
    CHECK(operations(trace) == std::vector<std::string>{"transpose", "transpose", "matmul"});
  }
  {
    const Trace trace;
    static_cast<void>(einsum("i,j->ij", {drawn({7}, 0, 1), drawn({8}, 0, 1)}));
    CHECK(operations(trace).back() == "multiply");
  }
  const Tensor e = drawn({2, 5, 3, 4}, -1, 1), f = drawn({2, 6, 3, 4}, -1, 1, 1);
  CHECK(bytes_beside("bqhd,bkhd->bhqk", {e, f}) == 0);
  CHECK(bytes_beside("bij,jk->bik", {c, b}) == 0);
  CHECK(bytes_beside("ij,j->i", {a, drawn({5}, 0, 1)}) == 0);
  CHECK(bytes_beside("i,j->ji", {drawn({7}, 0, 1), drawn({8}, 0, 1)}) == 0);
  const Tensor square = drawn({4, 4}, 0, 1);
  {
    const Trace trace;
    static_cast<void>(einsum("ij->ji", {a}));
    static_cast<void>(einsum("ii->i", {square}));
    CHECK(trace.bytes() == 0);
  }
}

TEST_CASE("einsum: the order of contractions follows the sizes, not the text") {
  const auto flops = [](const std::string& subscripts, const Tensors& operands) {
    const Trace trace;
    static_cast<void>(einsum(subscripts, operands));
    return trace.flops();
  };
  const Tensor column = ones({50, 2}), row = ones({2, 50}), square = ones({50, 50}),
               vector = ones({50});
  // From the left it would be 2 * 50 * 2 * 50 + 2 * 50 * 50 * 2 flops.
  CHECK(flops("ij,jk,kl->il", {column, row, column}) == 2 * (2 * 50 * 2 + 50 * 2 * 2));
  CHECK(flops("ij,jk,k->i", {square, square, vector}) == 2 * (2 * 50 * 50));
  CHECK(flops("i,j,ij", {vector, vector, square}) == 2 * (50 * 50 + 50));
  CHECK(flops("ab,bc,cd,de,e->a", {square, square, square, square, vector}) == 4 * (2 * 50 * 50));
  // What one operand alone names is summed first: 2500 additions of elements and 50 products.
  CHECK(flops("ij,k->k", {square, vector}) <= 2500 + 50);
  // 12 operands that share an index, and letters enough for no tensor to have them all.
  Tensors many(12, ones({2, 3}));
  std::string text;
  for (char c = 'b'; c < 'b' + 12; ++c) text += (text.empty() ? "a" : ",a") + std::string(1, c);
  CHECK(einsum(text + "->", many).item() == 2 * 531441);
}

TEST_CASE("einsum: what is no einsum is said") {
  const Tensor v = ones({3}), m = ones({2, 3});
  CHECK(refused("i1", {m}) == "einsum: labels must be letters; got '1' in \"i1\"");
  CHECK(refused("i,j>", {v, v}) == "einsum: labels must be letters; got '>' in \"j>\"");
  CHECK(refused("i-", {v}) == "einsum: labels must be letters; got '-' in \"i-\"");
  CHECK(refused("ij->i,j", {m}) == "einsum: labels must be letters; got ',' in \"i,j\"");
  CHECK(refused("i->i->i", {v}) == "einsum: there must be at most one arrow; got \"i->i->i\"");
  for (const char* dots : {"i..", "i.", "....", "......", "...i...", ". . ."}) {
    CHECK(refused(dots, {m}) == "einsum: dots must be one ellipsis, of three, in a term; got \"" +
                                    std::string(dots) + "\"");
  }
  CHECK(refused("i->j", {v}) ==
        "einsum: labels of the output must be those of operands; got 'j' in \"i->j\"");
  CHECK(refused("->i", {ones({})}).starts_with("einsum: labels of the output"));
  CHECK(refused("i->ii", {v}) ==
        "einsum: each label may stand once in the output; got 'i' twice in \"i->ii\"");
  CHECK(refused("...i->i", {m}) ==
        "einsum: the output must have an ellipsis where operands have one; got \"...i->i\"");
  CHECK(refused("i,i", {v}) ==
        "einsum: there must be an operand for each term; got 1 for the 2 of \"i,i\"");
  CHECK(refused("i", {v, v}) ==
        "einsum: there must be an operand for each term; got 2 for the 1 of \"i\"");
  CHECK(refused("", {}) ==
        "einsum: there must be an operand for each term; got 0 for the 1 of \"\"");
  CHECK(refused("i,i", {v, Tensor()}) ==
        "einsum: operands must be defined; got an undefined tensor");
  CHECK(misshapen("ij,j", {v, v}) == "einsum: \"ij\" needs 2 axes; got float32[3]");
  CHECK(misshapen("i", {m}) == "einsum: \"i\" needs 1 axis; got float32[2, 3]");
  CHECK(misshapen("i...j", {v}) == "einsum: \"i...j\" needs at least 2 axes; got float32[3]");
  CHECK(misshapen("ij,jk", {m, m}) ==
        "einsum: extents of 'j' must be equal or 1; got 3 and 2 for \"ij,jk\" of float32[2, 3], "
        "float32[2, 3]");
  CHECK(misshapen("...j,...j", {ones({2, 3, 3}), ones({4, 1, 3})}) ==
        "einsum: extents of axis -2 of the ellipsis must be equal or 1; got 2 and 4 for "
        "\"...j,...j\" of float32[2, 3, 3], float32[4, 1, 3]");
  CHECK(misshapen("ii", {m}) ==
        "einsum: extents of 'i' must be equal in an operand; got float32[2, 3] in \"ii\"");
  CHECK(misshapen("ii", {ones({1, 3})}).starts_with("einsum: extents of 'i' must be equal in an"));
  const Tensor wide = ones({2, 2, 2, 2, 2});
  CHECK(misshapen("abcde,fghij", {wide, wide}) ==
        "einsum: a result may have at most 8 axes; got 10 for \"abcde,fghij\" of float32[2, 2, 2, "
        "2, 2], float32[2, 2, 2, 2, 2]");
  // Five tensors, each sharing two letters with each other: any two of them leave twelve.
  std::array<std::string, 5> terms;
  char letter = 'a';
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = i + 1; j < 5; ++j, letter += 2) {
      for (std::string* const term : {&terms[i], &terms[j]})
        *term += {letter, static_cast<char>(letter + 1)};
    }
  }
  const std::string text =
      terms[0] + ',' + terms[1] + ',' + terms[2] + ',' + terms[3] + ',' + terms[4];
  CHECK(
      misshapen(text, Tensors(5, ones({2, 2, 2, 2, 2, 2, 2, 2}))) ==
      "einsum: the product of two operands may have at most 8 axes; got more in the best order for "
      "\"" +
          text + '"');
}
