#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
using Integers = std::vector<std::int64_t>;

namespace {

/// [[0, 1, 2], [3, 4, 5]] seen as its transpose, [3, 2].
Tensor transposed() {
  const Tensor base = from_vector(Doubles{0, 1, 2, 3, 4, 5}, {2, 3});
  return detail::make_view(base, {3, 2}, {1, 3});
}

}  // namespace

TEST_CASE("tensor from nested lists") {
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  CHECK(x.dtype() == Dtype::float32);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(values(x) == Doubles{1, 2, 3, 4, 5, 6});
  CHECK(x.describe() == "float32[2, 3]");
  CHECK(tensor({{1, 2}}).dtype() == Dtype::int64);
  CHECK(tensor({true, false}).dtype() == Dtype::boolean);
  CHECK(tensor({true, 2}).dtype() == Dtype::int64);
  CHECK(tensor({1, 2.5}).dtype() == Dtype::float32);
  CHECK(tensor({{{1.0}}}).shape() == Shape{1, 1, 1});
  CHECK(tensor(3.5).shape() == Shape{});
  CHECK(tensor(3.5).item() == 3.5);
  CHECK(tensor({0.1}, Dtype::float64).item() == 0.1);
  CHECK(tensor({0.1}).item() == static_cast<double>(0.1F));
  constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // double does not hold it
  CHECK(tensor({odd}).to_vector<std::int64_t>() == Integers{odd});
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
  CHECK(error_of<ShapeError>([] {
          return tensor({{1, 2}, {3}});
        }) == "tensor: nested lists must be of equal length; got [2] and [1]");
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), ShapeError);
}

TEST_CASE("zeros, ones, full, eye") {
  CHECK(values(zeros({2, 2})) == Doubles{0, 0, 0, 0});
  CHECK(zeros({2}).dtype() == Dtype::float32);
  CHECK(values(ones({3}, Dtype::int64)) == Doubles{1, 1, 1});
  CHECK(values(full({2}, 2.5, Dtype::float64)) == Doubles{2.5, 2.5});
  CHECK(full({}, 7).item() == 7);
  CHECK(values(eye(2)) == Doubles{1, 0, 0, 1});
  CHECK(values(eye(2, 3)) == Doubles{1, 0, 0, 0, 1, 0});
  CHECK(zeros({0, 3}).size() == 0);
  const Tensor x = zeros({2, 3}, Dtype::float64);
  CHECK(ones_like(x).describe() == "float64[2, 3]");
  CHECK(values(zeros_like(ones({2}))) == Doubles{0, 0});
  CHECK_THROWS_AS(zeros({-1}), ShapeError);
  CHECK_THROWS_AS(eye(-1), ShapeError);
  CHECK_THROWS_AS(zeros({std::int64_t{1} << 62}), ShapeError);  // 2^64 bytes
}

TEST_CASE("arange, linspace") {
  CHECK(arange(4).to_vector<std::int64_t>() == Integers{0, 1, 2, 3});
  CHECK(arange(-3).size() == 0);
  CHECK(arange(2, 9, 3).to_vector<std::int64_t>() == Integers{2, 5, 8});
  CHECK(arange(2, 8, 3).to_vector<std::int64_t>() == Integers{2, 5});
  CHECK(arange(5, 0, -2).to_vector<std::int64_t>() == Integers{5, 3, 1});
  CHECK(arange(5, 0, 2).size() == 0);
  CHECK(values(arange(0.0, 1.0, 0.25, Dtype::float64)) == Doubles{0, 0.25, 0.5, 0.75});
  CHECK(arange(0.0, 1.0, 0.3, Dtype::float64).size() == 4);
  CHECK(arange(1.0, 0.0, 0.3, Dtype::float64).size() == 0);
  CHECK(error_of<ValueError>([] { return arange(0, 5, 0); }) == "arange: step must not be 0");
  CHECK(error_of<ValueError>([] { return arange(0.0, 5.0, 0.0, Dtype::float32); }) ==
        "arange: a finite number of steps must lead from start to stop; got 0, 5 and "
        "step 0");
  CHECK_THROWS_AS(arange(0.0, std::numeric_limits<double>::infinity(), 1.0, Dtype::float32),
                  ValueError);
  CHECK_THROWS_AS(arange(0.0, std::nan(""), 1.0, Dtype::float32), ValueError);
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(arange(least, least + 5, std::numeric_limits<std::int64_t>::max())
            .to_vector<std::int64_t>() == Integers{least});
  CHECK(arange(0, -5, least).to_vector<std::int64_t>() == Integers{0});
  CHECK_THROWS_AS(arange(least, std::numeric_limits<std::int64_t>::max(), 1), ShapeError);
  CHECK(values(linspace(0, 1, 5, Dtype::float64)) == Doubles{0, 0.25, 0.5, 0.75, 1});
  CHECK(values(linspace(2, 3, 1)) == Doubles{2});
  CHECK(linspace(2, 3, 0).size() == 0);
  CHECK(linspace(0, 0.7, 8, Dtype::float64).to_vector<double>().back() == 0.7);
  CHECK(error_of<ValueError>([] { return linspace(0, 1, -1); }) ==
        "linspace: count must not be negative; got -1");
}

TEST_CASE("from spans and vectors, by copy") {
  Doubles source{1, 2, 3, 4};
  const Tensor x = from_span(std::span<const double>(source), {2, 2});
  const Tensor y = from_vector(source, {4});
  source[0] = 99;
  CHECK(values(x) == Doubles{1, 2, 3, 4});
  CHECK(values(y) == Doubles{1, 2, 3, 4});
  CHECK(x.dtype() == Dtype::float64);
  CHECK(from_vector(std::vector<bool>{true, false}).to_vector<bool>() ==
        std::vector<bool>{true, false});
  CHECK(error_of<ShapeError>([&] { return from_span(std::span<const double>(source), {3}); }) ==
        "from_span: shape [3] needs 3 values; got 4");
  CHECK(error_of<ShapeError>([] {
          return from_vector(Doubles{1, 2}, {3});
        }) == "from_vector: shape [3] needs 3 values; got 2");
}

TEST_CASE("from a vector without a copy") {
  std::vector<float> source{1, 2, 3};
  const float* const memory = source.data();
  const Tensor x = from_vector(std::move(source));
  CHECK(x.shape() == Shape{3});
  CHECK(x.data<float>().data() == memory);
  x.assign(tensor({7.0, 8.0, 9.0}));  // moves to memory of its own
  CHECK(x.data<float>().data() != memory);
  CHECK(values(x) == Doubles{7, 8, 9});
}

TEST_CASE("from foreign memory without a copy, released once when nobody needs it") {
  const Doubles memory{1, 2, 3};
  int released = 0;
  {
    Tensor x = from_memory(memory.data(), {3}, [&] { ++released; });
    CHECK(x.data<double>().data() == memory.data());
    const Tensor view = x.detach();
    x.assign(from_vector(Doubles{4, 5, 6}));
    CHECK(values(x) == Doubles{4, 5, 6});
    CHECK(values(view) == Doubles{1, 2, 3});
    CHECK(released == 0);
    x = Tensor();
    CHECK(released == 0);
  }
  CHECK(released == 1);
  CHECK(memory == Doubles{1, 2, 3});
}

TEST_CASE("item") {
  CHECK(tensor({{2.5}}).item() == 2.5);
  CHECK(tensor(true).item() == 1);
  CHECK(error_of<ShapeError>([] {
          return tensor({1, 2}).item();
        }) == "item: the tensor must have one element; got int64[2]");
  CHECK_THROWS_AS(zeros({0}).item(), ShapeError);
}

TEST_CASE("data gives the elements of a dense tensor, by their own type") {
  const Tensor x = tensor({1.0, 2.0});
  CHECK(x.data<float>()[1] == 2);
  CHECK(error_of<DtypeError>([&] { return x.data<double>(); }) ==
        "data: the element type must be that of the tensor; got float64 for float32[2]");
  const Tensor strided = transposed();
  CHECK(error_of<ValueError>([&] { return strided.data<double>(); }) ==
        "data: the tensor must be contiguous; got a strided float64[3, 2] (see contiguous())");
  const Tensor empty = zeros({0, 3});
  CHECK(empty.data<float>().empty());
}

template <class T>
concept GivesData = requires(T&& tensor) {
  std::forward<T>(tensor).template data<float>();
};
static_assert(GivesData<const Tensor&> && GivesData<Tensor&>);
static_assert(!GivesData<Tensor> && !GivesData<const Tensor>, "it would outlive the elements");

TEST_CASE("to_vector converts, and follows strides") {
  CHECK(values(transposed()) == Doubles{0, 3, 1, 4, 2, 5});
  CHECK(transposed().to_vector<float>() == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(tensor({0, 1, 2}).to_vector<bool>() == std::vector<bool>{false, true, true});
  CHECK(tensor({true, false}).to_vector<std::int64_t>() == Integers{1, 0});
  CHECK(error_of<DtypeError>([] { return tensor({1.5}).to_vector<std::int64_t>(); }) ==
        "to_vector: floating values need a floating element type; got int64 for float32[1] (see "
        "to())");
  const Tensor base = from_vector(Doubles{0, 1, 2, 3, 4, 5});
  CHECK(values(detail::make_view(base, {3}, {-2}, 5)) == Doubles{5, 3, 1});
  CHECK(values(detail::make_view(base, {2, 3}, {0, 1})) == Doubles{0, 1, 2, 0, 1, 2});
  CHECK(values(detail::make_view(base, {2, 1, 2}, {2, 0, 1}, 1)) == Doubles{1, 2, 3, 4});
}

TEST_CASE("strided copies of many layouts give what the indices say") {
  const std::int64_t n = 40;
  Doubles all;
  for (std::int64_t i = 0; i < n * n; ++i) all.push_back(static_cast<double>(i));
  const Tensor base = from_vector(all);
  struct Row {
    Shape shape;
    Strides strides;
    std::int64_t offset;
  };
  for (const auto& [shape, strides, offset] :
       std::vector<Row>{{{n, n}, {1, n}, 0},
                        {{33, 35}, {1, n}, 3},
                        {{35, 33}, {-1, -n}, n * n - 1},
                        {{5, 4, 3}, {3, 100, 17}, 0},
                        {{2, 3, 4, 5}, {1, 2, 6, 24}, 0},
                        {{3, 1, 4}, {0, 5, 1}, 2},
                        {{2, 2, 2, 2, 2, 2, 2, 2}, {1, 2, 4, 8, 16, 32, 64, 128}, 0},
                        {{}, {}, 7}}) {
    const Tensor view = detail::make_view(base, shape, strides, offset);
    Doubles expected;
    for (std::int64_t i = 0; i < shape.size(); ++i) {
      std::int64_t rest = i, place = offset;
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        place += rest % shape[axis] * strides[static_cast<std::size_t>(axis)];
        rest /= shape[axis];
      }
      expected.push_back(static_cast<double>(place));
    }
    CHECK(values(view) == expected);
    CHECK(values(view.contiguous()) == expected);
    CHECK(view.contiguous().is_contiguous());
    CHECK(values(view.to(Dtype::float32)) == expected);
  }
}

TEST_CASE("contiguity") {
  CHECK(zeros({2, 3}).is_contiguous());
  CHECK(!transposed().is_contiguous());
  const Tensor base = zeros({6});
  CHECK(detail::make_view(base, {1, 6, 1}, {100, 1, 50})
            .is_contiguous());  // strides of extent 1 do not matter
  CHECK(
      detail::make_view(base, {2, 0, 3}, {5, 7, 9}).is_contiguous());  // nothing to be out of order
  CHECK(!detail::make_view(base, {3}, {2}).is_contiguous());
  const Tensor x = zeros({2});
  CHECK(&x.contiguous().body() == &x.body());
}

TEST_CASE("to another dtype") {
  const Tensor x = tensor({-1.7, 0.0, 2.7});
  CHECK(&x.to(Dtype::float32).body() == &x.body());
  CHECK(x.to(Dtype::int64).to_vector<std::int64_t>() == Integers{-1, 0, 2});
  CHECK(x.to(Dtype::boolean).to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK(tensor({std::nan("")}).to(Dtype::boolean).item() == 1);
  CHECK(tensor({0.1}, Dtype::float64).to(Dtype::float32).to(Dtype::float64).item() ==
        static_cast<double>(0.1F));
  CHECK(values(transposed().to(Dtype::int64)) == Doubles{0, 3, 1, 4, 2, 5});
}

TEST_CASE("gradients pass through to and contiguous") {
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  const Tensor y = x.to(Dtype::float64);
  y.backward(from_vector(Doubles{0.5, 3}));
  CHECK(x.grad().describe() == "float32[2]");
  CHECK(values(x.grad()) == Doubles{0.5, 3});
  CHECK(!x.to(Dtype::int64).requires_grad());

  const Tensor w = transposed().set_requires_grad(true);
  w.contiguous().backward(from_vector(Doubles{1, 2, 3, 4, 5, 6}, {3, 2}));
  CHECK(values(w.grad()) == Doubles{1, 2, 3, 4, 5, 6});
}

TEST_CASE("assign is seen by all handles of a leaf, not by what shares its memory") {
  const Tensor x = from_span(std::span<const double>(Doubles{1, 2}), {2});
  const std::vector<Tensor> handles{x, x};
  const Tensor& same = handles[1];
  const Tensor snapshot = x.detach();
  x.assign(from_vector(Doubles{3, 4}));
  CHECK(values(same) == Doubles{3, 4});
  CHECK(values(snapshot) == Doubles{1, 2});

  const double* const memory = x.data<double>().data();  // now alone: in place
  x.assign(from_vector(Doubles{5, 6}));
  CHECK(x.data<double>().data() == memory);
  CHECK(values(same) == Doubles{5, 6});
  x.assign(x);
  CHECK(values(x) == Doubles{5, 6});
}

TEST_CASE("assign: strided values, values over the same memory, and into a strided leaf") {
  const Tensor x = from_span(std::span<const double>(Doubles{1, 2, 3}), {3});
  x.assign(detail::make_view(x, {3}, {-1}, 2));
  CHECK(values(x) == Doubles{3, 2, 1});
  const Tensor y = transposed();
  y.assign(from_vector(Doubles{1, 2, 3, 4, 5, 6}, {3, 2}));
  CHECK(values(y) == Doubles{1, 2, 3, 4, 5, 6});
}

TEST_CASE("assign: errors, and nothing changes") {
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  CHECK(error_of<ShapeError>([&] { return x.assign(zeros({3})), 0; }) ==
        "assign: the value must have the tensor's shape; got float32[3] for float32[2]");
  CHECK(error_of<DtypeError>([&] { return x.assign(zeros({2}, Dtype::float64)), 0; }) ==
        "assign: the value must have the tensor's dtype; got float64[2] for float32[2]");
  CHECK(error_of<GradError>(
            [&] { return x.to(Dtype::float64).assign(zeros({2}, Dtype::float64)), 0; }) ==
        "assign: the tensor must be a leaf; got float64[2], the result of to (detach() first)");
  CHECK_THROWS_AS(x.assign(Tensor()), ValueError);
  CHECK(values(x) == Doubles{1, 2});
}

TEST_CASE("clone has a value, and a gradient, of its own") {
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  x.backward(tensor({1.0, 1.0}));
  const Tensor copy = x.clone();
  CHECK(copy.requires_grad());
  CHECK(!copy.grad().defined());
  copy.assign(tensor({5.0, 6.0}));
  CHECK(values(x) == Doubles{1, 2});
  CHECK(!tensor({1.0}).clone().requires_grad());
  CHECK(!x.to(Dtype::float64).clone().requires_grad());
  CHECK(transposed().clone().is_contiguous());
}

TEST_CASE("detach shares the value and cuts the tape") {
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  const Tensor y = x.detach();
  CHECK(!y.requires_grad());
  CHECK(y.data<float>().data() == x.data<float>().data());
  y.set_requires_grad(true);
  CHECK(y.node() != x.node());
}

TEST_CASE("set_requires_grad") {
  const Tensor x = tensor({1.0});
  CHECK(&x.set_requires_grad(true).body() == &x.body());
  const Node* const node = x.node();
  x.backward();
  x.set_requires_grad(true);
  CHECK(x.node() == node);
  CHECK(x.grad().defined());
  x.set_requires_grad(false);
  CHECK(!x.requires_grad());
  CHECK(!x.grad().defined());
  CHECK(error_of<DtypeError>([] { return tensor({1}).set_requires_grad(true); }) ==
        "set_requires_grad: only floating tensors have gradients; got int64[1]");
  x.set_requires_grad(true);
  CHECK(error_of<GradError>([&] { return x.to(Dtype::float64).set_requires_grad(false); }) ==
        "set_requires_grad: the tensor must be a leaf; got float64[1], the result of to (detach() "
        "first)");
}

TEST_CASE("an undefined tensor can only be asked whether it is") {
  const Tensor none;
  CHECK(!none.defined());
  CHECK(!Tensor(none).defined());
  const std::string text = "tensor: a value is needed; got an undefined tensor";
  CHECK(error_of<ValueError>([&] { return none.shape(); }) == text);
  CHECK(error_of<ValueError>([&] { return none.dtype(); }) == text);
  CHECK(error_of<ValueError>([&] { return none.item(); }) == text);
  const std::string named = ": the tensor must be defined; got an undefined tensor";
  CHECK(error_of<ValueError>([&] { return none.detach(); }) == "detach" + named);
  CHECK(error_of<ValueError>([&] { return none.to(Dtype::float32); }) == "to" + named);
  CHECK(error_of<ValueError>([&] { return none.requires_grad(); }) == text);
}

TEST_CASE("extent counts axes from both ends") {
  const Tensor x = zeros({2, 3});
  CHECK(x.extent(0) == 2);
  CHECK(x.extent(-1) == 3);
  CHECK(x.rank() == 2);
  CHECK_THROWS_AS(x.extent(2), IndexError);
}

TEST_CASE("sizes in bytes that no address reaches are refused") {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t extent : {most, most / 4, most / 8 + 1}) {
    CHECK_THROWS_AS(zeros({extent}, Dtype::int64), ShapeError);
  }
  CHECK_THROWS_AS(from_memory<double>(nullptr, {most}), ShapeError);
}

TEST_CASE("arange of floating numbers is floating") {
  CHECK(values(arange(0.0, 5.0, 1.5)) == Doubles{0, 1.5, 3, 4.5});
  CHECK(values(arange(0, 1, 0.25)) == Doubles{0, 0.25, 0.5, 0.75});
  CHECK(values(arange(2.5)) == Doubles{0, 1, 2});
  CHECK(arange(2.5).dtype() == Dtype::float32);
  CHECK(arange(0, 3).dtype() == Dtype::int64);
}

TEST_CASE("the shape of a temporary is a value") {
  static_assert(std::is_same_v<decltype(zeros({1}).shape()), Shape>);
  std::vector<std::int64_t> extents;
  for (const std::int64_t extent : zeros({2, 3}).shape()) {
    static_cast<void>(zeros({77, 78}));
    extents.push_back(extent);
  }
  CHECK(extents == std::vector<std::int64_t>{2, 3});
}

TEST_CASE("a vector for which there is no room is an error of the library") {
  const Tensor wide = detail::make_view(tensor(1.0), {std::int64_t{1} << 62}, Strides{}, 0);
  CHECK(error_of<MemoryError>([&] { return wide.to_vector<float>(); }) ==
        "to_vector: out of memory: 18446744073709551615 bytes for float32[4611686018427387904]");
}
