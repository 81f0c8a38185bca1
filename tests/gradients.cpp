// The table test over all operations: the rows of elementwise.def and the cases of
// support/cases.hpp.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/cases.hpp"
#include "support/check_rows.hpp"
#include "support/rows.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

/// An input of a row. Those of comparisons are halves, so that some are equal; orders are whole.
Tensor drawn_for(const Row& row, std::size_t i, const Shape& shape) {
  const Row::Input& input = row.inputs[i];
  if (input.differentiable || row.inputs.size() != 2) return drawn(shape, input.low, input.high, i);
  std::vector<double> values = drawn(shape, input.low, input.high, i).to_vector<double>();
  const bool order = input.is_order && has_derivative(row);
  for (double& value : values) value = order ? std::floor(value) : std::round(2 * value) / 2;
  return from_vector(std::move(values), shape);
}

Tensors drawn_for(const Row& row, const std::vector<Shape>& shapes) {
  Tensors inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    inputs.push_back(drawn_for(row, i, shapes[i % shapes.size()]));
  }
  return inputs;
}

Tensors converted(const Tensors& inputs, Dtype dtype) {
  Tensors result;
  for (const Tensor& x : inputs) {
    result.push_back(x.defined() && is_floating(x.dtype()) ? x.to(dtype) : x);
  }
  return result;
}

/// The row's value from its scalar reference, the inputs broadcast by index arithmetic.
Tensor reference(const Row& row, const Tensors& inputs, const Shape& shape, Dtype dtype) {
  const Reference& f = scalar_references().at(row.name);
  std::vector<std::vector<double>> values;
  for (const Tensor& x : inputs) values.push_back(x.to_vector<double>());
  std::vector<double> result;
  for (std::int64_t place = 0; place < shape.size(); ++place) {
    std::vector<long double> arguments;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      std::int64_t rest = place, offset = 0, step = 1;
      for (int axis = 1; axis <= shape.rank(); ++axis) {
        const std::int64_t at = rest % shape[shape.rank() - axis];
        rest /= shape[shape.rank() - axis];
        if (axis > inputs[k].rank()) continue;
        const std::int64_t extent = inputs[k].extent(-axis);
        if (extent > 1) offset += at * step;
        step *= extent;
      }
      arguments.push_back(values[k][static_cast<std::size_t>(offset)]);
    }
    result.push_back(static_cast<double>(f(arguments)));
  }
  return from_vector(std::move(result), shape).to(dtype);
}

Tensors leaves(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) {
    result.push_back(x.detach());
    if (is_floating(x.dtype())) result.back().set_requires_grad(true);
  }
  return result;
}

/// Gradients of some floating outputs by the floating inputs, with fixed cotangents.
Tensors gradients_of(const Tensors& outputs, const Tensors& inputs) {
  Tensors recorded, wanted;
  GradOptions options{.allow_unused = true};
  for (const Tensor& y : outputs) {
    if (!y.requires_grad()) continue;
    recorded.push_back(y);
    options.seeds.push_back(transpose(sixteenths(transpose(y).shape(), 9)).to(y.dtype()));
  }
  for (const Tensor& x : inputs) {
    if (is_floating(x.dtype())) wanted.push_back(x);
  }
  return recorded.empty() ? Tensors() : grad(recorded, wanted, options);
}

void check_same(const Tensors& got, const Tensors& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(mismatch(got[i], expected[i], tolerance) == "");
  }
}

/// Value and gradients in float32 are those in float64, rounded.
template <class F>
void check_float32(const F& apply, const Tensors& inputs) {
  const Tensors single = leaves(converted(inputs, Dtype::float32));
  const Tensors twice = leaves(converted(single, Dtype::float64));
  const Tensors y = apply(single), expected = apply(twice);
  check_same(y, converted(expected, Dtype::float32), tolerance_of(Dtype::float32));
  check_same(gradients_of(y, single), converted(gradients_of(expected, twice), Dtype::float32),
             tolerance_of(Dtype::float32));
}

/// The same values lying otherwise in memory: transposed, and backwards with gaps.
Tensors transposed(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(transpose(transpose(x).contiguous()));
  return result;
}
Tensors reversed(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) {
    Shape wide = x.shape();
    std::vector<Slice> places;
    for (int axis = 0; axis < wide.rank(); ++axis) {
      wide[axis] *= 2;
      places.push_back(range({}, {}, -2));
    }
    result.push_back(slice(embed(x, wide, places), places));
  }
  return result;
}

/// Strided inputs give the value and the gradients of dense ones, to the last bit where `tolerance`
/// is 0.
template <class F>
void check_strided(const F& apply, const Tensors& inputs, double tolerance) {
  const Tensors dense = leaves(inputs);
  const Tensors y = apply(dense);
  const Tensors gradients = gradients_of(y, dense);
  for (const Tensors& strided : {leaves(transposed(inputs)), leaves(reversed(inputs))}) {
    const Tensors result = apply(strided);
    check_same(result, y, tolerance);
    check_same(gradients_of(result, strided), gradients, tolerance);
  }
}

auto list_of(const Row& row) {
  return [&row](const Tensors& x) { return Tensors{row.apply(x)}; };
}

}  // namespace

TEST_CASE("every row has the value of its scalar reference") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    REQUIRE(scalar_references().contains(row.name));
    for (const std::vector<Shape>& shapes :
         std::vector<std::vector<Shape>>{{{37}},
                                         {{5, 1}, {1, 4}, {4}},
                                         {{3, 200}, {200}, {3, 1}},
                                         {{2, 3, 4}, {3, 1}, {}},
                                         {{}}}) {
      const Tensors inputs = drawn_for(row, shapes);
      const Tensor y = row.apply(inputs);
      CHECK(mismatch(y, reference(row, inputs, y.shape(), y.dtype()),
                     tolerance_of(Dtype::float64)) == "");
      const Tensors single = converted(inputs, Dtype::float32);
      const Tensor rounded = row.apply(single);
      CHECK(mismatch(rounded, reference(row, single, y.shape(), rounded.dtype()),
                     tolerance_of(Dtype::float32)) == "");
    }
  }
}

TEST_CASE("every row that takes integers computes them exactly, the others in float64") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    Tensors inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      const bool positive = row.inputs[i].low > 0 && row.takes_integers;  // divisors, exponents
      inputs.push_back(Rng(i).integers(positive ? 1 : 0, 4, {3, 7}));
    }
    const Tensor y = row.apply(inputs);
    if (!row.takes_integers) CHECK(y.dtype() == Dtype::float64);
    if (row.takes_integers) CHECK(!is_floating(y.dtype()));
    CHECK(mismatch(y, reference(row, inputs, {3, 7}, y.dtype()), tolerance_of(Dtype::float64)) ==
          "");
  }
}

TEST_CASE("every row: derivatives of order 1, 2 and 3") {
  for (const Row& row : elementwise_rows()) {
    if (!has_derivative(row)) continue;
    CAPTURE(row.name);
    CHECK(check_row(row, drawn_for(row, {{2, 3}}), {.order = 3}));
    CHECK(check_row(row, drawn_for(row, {{}}), {.order = 3}));
    CHECK(check_row(row, drawn_for(row, {{3, 1}, {1, 4}, {4}}), {.order = 2}));
    CHECK(check_row(row, drawn_for(row, {{}, {2}, {2, 1}}), {.order = 2}));
  }
}

TEST_CASE("every row: the same tensor twice") {
  for (const Row& row : elementwise_rows()) {
    if (row.inputs.size() != 2 || !row.inputs[0].differentiable) continue;
    CAPTURE(row.name);
    const Tensor x = drawn({4}, std::max(row.inputs[0].low, row.inputs[1].low), row.inputs[0].high);
    CHECK(gradcheck([&](auto& v) { return row.apply({v[0], v[0]}); }, {x}, {.order = 2}));
  }
}

TEST_CASE("every row in float32") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    check_float32(list_of(row), drawn_for(row, {{5, 7}}));
    check_float32(list_of(row), drawn_for(row, {{3, 1}, {1, 40}, {}}));
  }
}

TEST_CASE("every row on strided inputs: the same bits") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    check_strided(list_of(row), drawn_for(row, {{5, 7}}), 0);
    check_strided(list_of(row), drawn_for(row, {{40, 33}}), 0);
    check_strided(list_of(row), drawn_for(row, {{2, 3, 150}}), 0);
  }
}

TEST_CASE("every row on empty inputs") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    const Tensors inputs = leaves(drawn_for(row, {{4, 1}, {4, 0}, {4, 0}}));
    const Tensor y = row.apply(inputs);
    CHECK(y.shape() == (inputs.size() == 1 ? Shape{4, 1} : Shape{4, 0}));
    const Tensors found = gradients_of({y}, inputs);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (row.inputs[i].differentiable && inputs.size() > 1) {
        CHECK(mismatch(found[i], zeros_like(inputs[i])) == "");
      }
    }
    CHECK(row.apply(Tensors(inputs.size(), zeros({0}))).shape() == Shape{0});
  }
}

TEST_CASE("every structural operation: derivatives of order 1, 2 and 3") {
  for (const Case& use : structural_cases()) {
    CAPTURE(use.name);
    CHECK(gradcheck(use.apply, use.inputs, {.order = 3}));
  }
}

TEST_CASE("every structural operation in float32") {
  for (const Case& use : structural_cases()) {
    if (use.name.starts_with("to:")) continue;  // gives float64
    CAPTURE(use.name);
    check_float32(use.apply, use.inputs);
  }
}

TEST_CASE("every structural operation on strided inputs") {
  for (const Case& use : structural_cases()) {
    CAPTURE(use.name);
    check_strided(use.apply, use.inputs, use.rounds ? tolerance_of(Dtype::float64) : 0);
  }
}

TEST_CASE("to: gradients pass between floating dtypes, and come back in that of the input") {
  const Tensor x = tensor({1.5, -2.0}).set_requires_grad(true);
  sum(x.to(Dtype::float64) * tensor({3.0, 4.0}, Dtype::float64)).backward();
  CHECK(mismatch(x.grad(), tensor({3.0, 4.0})) == "");
}

TEST_CASE("operations without a gradient give constants") {
  for (const Case& use : constant_cases()) {
    CAPTURE(use.name);
    for (const Tensor& y : use.apply(leaves(use.inputs))) CHECK(!y.requires_grad());
  }
}
