#include <array>
#include <cstring>
#include <limits>

#include <doctest/doctest.h>

#include <xtape/dlpack.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

/// Another library's tensor: its memory, and how often it was let go.
struct Foreign {
  Foreign(void* data, dlpack::DataType type, std::vector<std::int64_t> extents,
          std::vector<std::int64_t> steps = {})
      : shape(std::move(extents)), strides(std::move(steps)) {
    managed.version = {1, 0};
    managed.context = this;
    managed.deleter = [](dlpack::Managed* self) {
      ++static_cast<Foreign*>(self->context)->deleted;
    };
    managed.array = {data, {dlpack::cpu, 0}, static_cast<std::int32_t>(shape.size()),
                     type, shape.data(),     strides.empty() ? nullptr : strides.data(),
                     0};
  }
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;

  std::vector<std::int64_t> shape, strides;
  dlpack::Managed managed{};
  int deleted = 0;
};

constexpr dlpack::DataType float32{dlpack::floating, 32, 1}, float64{dlpack::floating, 64, 1},
    boolean{dlpack::boolean, 8, 1};

template <class E = ValueError>
std::string refused(Foreign& foreign, const DlpackOptions& options = {}) {
  const std::string text = error_of<E>([&] { return from_dlpack(&foreign.managed, options); });
  CHECK(foreign.deleted == 0);  // it stays the caller's
  return text;
}

}  // namespace

TEST_CASE("to_dlpack: memory, shape and strides as they are, and read-only") {
  const Tensor x = reshape(arange(0.0, 12.0), {3, 4});
  const Tensor part = slice(transpose(x), {range(3, {}, -2)});  // columns 3 and 1
  dlpack::Managed* given = to_dlpack(part);
  CHECK(given->version.major == 1);
  CHECK(given->flags == dlpack::read_only);
  const dlpack::Array& array = given->array;
  CHECK(array.device.type == 1);
  CHECK(array.rank == 2);
  CHECK((array.shape[0] == 2 && array.shape[1] == 3));
  CHECK((array.strides[0] == -2 && array.strides[1] == 4));
  CHECK((array.dtype.code == 2 && array.dtype.bits == 32 && array.dtype.lanes == 1));
  CHECK(array.byte_offset == 0);
  CHECK(array.data == x.data<float>().data() + 3);
  given->deleter(given);
}

TEST_CASE("to_dlpack: an empty tensor has no data") {
  dlpack::Managed* given = to_dlpack(ones({0, 3}));
  CHECK(given->array.data == nullptr);
  CHECK(given->array.shape[1] == 3);
  CHECK(from_dlpack(given).shape() == Shape{0, 3});
}

TEST_CASE("from_dlpack: what its owner writes later is seen, but for a copy") {
  float numbers[] = {1, 2};
  Foreign first(numbers, float32, {2}), second(numbers, float32, {2});
  const Tensor over = from_dlpack(&first.managed),
               copied = from_dlpack(&second.managed, {.copy = true});
  numbers[0] = 5;
  CHECK(values(over) == Doubles{5, 2});
  CHECK(values(copied) == Doubles{1, 2});
}

TEST_CASE("to_dlpack: the memory lives, and keeps its values, until it is let go") {
  const std::int64_t before = memory::live_bytes();
  dlpack::Managed* given = nullptr;
  {
    const Tensor leaf = full({100}, 2.0, Dtype::float64).set_requires_grad(true);
    given = to_dlpack(leaf);
    leaf.assign(full({100}, 3.0, Dtype::float64));
  }
  CHECK(memory::live_bytes() > before);
  CHECK(static_cast<double*>(given->array.data)[99] == 2);
  given->deleter(given);
  CHECK(memory::live_bytes() == before);
}

TEST_CASE("to_dlpack: a copy may be written, one without versions always is one") {
  const Tensor x = arange(6);
  dlpack::Managed* copied = to_dlpack(x, {.copy = true});
  CHECK(copied->flags == dlpack::is_copied);
  static_cast<std::int64_t*>(copied->array.data)[0] = 100;
  copied->deleter(copied);
  dlpack::Unversioned* old = to_dlpack_unversioned(x);
  static_cast<std::int64_t*>(old->array.data)[1] = 100;
  old->deleter(old);
  CHECK(mismatch(x, arange(6)) == "");
  CHECK(error_of<ValueError>([&] { return to_dlpack_unversioned(x, {.copy = false}); }) ==
        "to_dlpack_unversioned: there must be a copy, since nothing says there that the memory may "
        "not be written");
  CHECK(error_of<GradError>([&] {
          return to_dlpack(exp(ones({2}).set_requires_grad(true)));
        }).starts_with("to_dlpack: the tensor must not be recorded"));
  CHECK(error_of<ValueError>([] { return to_dlpack(Tensor()); }) ==
        "to_dlpack: x must be defined; got an undefined tensor");
}

TEST_CASE("from_dlpack: what this library gives comes back without a copy") {
  for (const Dtype dtype : {Dtype::boolean, Dtype::int64, Dtype::float32, Dtype::float64}) {
    const Tensor x = remainder(reshape(arange(24), {2, 3, 4}), 2).to(dtype);
    for (const Tensor& view :
         {x, transpose(x), flip(x, 1), slice(x, {1, Slice::all, range(1, {}, 2)}),
          broadcast_to(slice(x, {0, 0, 0}), {2, 2}), slice(x, {range(0, 0)})}) {
      const Tensor back = from_dlpack(
          to_dlpack(view), {.copy = view.size() > 0 ? std::optional(false) : std::nullopt});
      CHECK(mismatch(back, view) == "");
      const Tensor copied = from_dlpack(to_dlpack_unversioned(view));
      CHECK(mismatch(copied, view) == "");
    }
  }
  const Tensor x = ones({4});
  const Tensor back = from_dlpack(to_dlpack(x));
  CHECK(back.data<float>().data() == x.data<float>().data());
}

TEST_CASE("from_dlpack: memory is let go once, when the last tensor over it is gone") {
  std::array<float, 6> numbers{1, 2, 3, 4, 5, 6};
  Foreign foreign(numbers.data(), float32, {2, 3});
  {
    Tensor x = from_dlpack(&foreign.managed);
    CHECK(x.data<float>().data() == numbers.data());
    const Tensor row = x[1];
    x = Tensor();
    CHECK(foreign.deleted == 0);
    CHECK(values(row) == Doubles{4, 5, 6});
  }
  CHECK(foreign.deleted == 1);

  Foreign copied(numbers.data(), float32, {6});
  const Tensor own = from_dlpack(&copied.managed, {.copy = true});
  CHECK(copied.deleted == 1);
  numbers[0] = 100;
  CHECK(values(own) == Doubles{1, 2, 3, 4, 5, 6});

  Foreign nobody_asks(numbers.data(), float32, {6});
  nobody_asks.managed.deleter = nullptr;
  CHECK(from_dlpack(&nobody_asks.managed).size() == 6);
  Foreign empty(nullptr, float32, {0, 3});
  CHECK(from_dlpack(&empty.managed).shape() == Shape{0, 3});
  CHECK(empty.deleted == 1);
}

TEST_CASE("from_dlpack: offsets, negative strides, and elements that are not aligned") {
  std::array<double, 6> numbers{0, 1, 2, 3, 4, 5};
  Foreign backwards(numbers.data(), float64, {2, 3}, {-3, -1});
  backwards.managed.array.byte_offset = 5 * sizeof(double);
  CHECK(values(from_dlpack(&backwards.managed, {.copy = false})) == Doubles{5, 4, 3, 2, 1, 0});

  std::array<unsigned char, 3 * sizeof(double) + 3> bytes{};
  const std::array<double, 3> given{7, 8, 9};
  std::memcpy(bytes.data() + 3, given.data(), sizeof given);
  const auto start = reinterpret_cast<std::uintptr_t>(bytes.data());
  Foreign odd(bytes.data(), float64, {3});
  odd.managed.array.byte_offset = 3;
  if ((start + 3) % sizeof(double) != 0) {
    CHECK(refused(odd, {.copy = false}) ==
          "from_dlpack: there must be a copy, since its elements are not aligned");
  }
  CHECK(values(from_dlpack(&odd.managed)) == Doubles{7, 8, 9});
}

TEST_CASE("from_dlpack: other types of numbers become those that hold them") {
  std::array<std::int8_t, 2> bytes{-128, 127};
  Foreign small(bytes.data(), {dlpack::integer, 8, 1}, {2});
  CHECK(refused(small, {.copy = false}) ==
        "from_dlpack: there must be a copy, since its elements are of another type");
  const Tensor wide = from_dlpack(&small.managed);
  CHECK(wide.dtype() == Dtype::int64);
  CHECK(values(wide) == Doubles{-128, 127});

  std::array<std::uint64_t, 4> naturals{0, 5, 9, std::uint64_t{1} << 63};
  Foreign every_other(naturals.data(), {dlpack::natural, 64, 1}, {2}, {2});
  CHECK(values(from_dlpack(&every_other.managed)) == Doubles{0, 9});
  Foreign too_large(naturals.data(), {dlpack::natural, 64, 1}, {4});
  CHECK(refused(too_large) == "from_dlpack: uint64 numbers must be below 2^63, to fit in int64");

  // 1, -2, 65504 and the least subnormal; 1 and -inf
  std::array<std::uint16_t, 4> halves{0x3c00, 0xc000, 0x7bff, 0x0001};
  Foreign half(halves.data(), {dlpack::floating, 16, 1}, {4});
  CHECK(values(from_dlpack(&half.managed)) == Doubles{1, -2, 65504, 0x1p-24});
  std::array<std::uint16_t, 2> brain{0x3f80, 0xff80};
  Foreign bfloat(brain.data(), {dlpack::bfloat, 16, 1}, {2});
  CHECK(values(from_dlpack(&bfloat.managed)) ==
        Doubles{1, -std::numeric_limits<double>::infinity()});
}

TEST_CASE("from_dlpack: what is no tensor of ours is refused, and stays the caller's") {
  std::array<float, 8> numbers{};
  CHECK(error_of<ValueError>([] { return from_dlpack(static_cast<dlpack::Managed*>(nullptr)); }) ==
        "from_dlpack: a tensor is needed; got a null pointer");
  CHECK(error_of<ValueError>([] {
          return from_dlpack(static_cast<dlpack::Unversioned*>(nullptr));
        }) == "from_dlpack: a tensor is needed; got a null pointer");
  const auto changed = [&](const auto& change) {
    Foreign foreign(numbers.data(), float32, {2, 4}, {4, 1});
    change(foreign.managed);
    return refused<Error>(foreign);
  };
  using dlpack::Managed;
  CHECK(changed([](Managed& m) {
          m.version = {2, 3};
        }) == "from_dlpack: version 1 of DLPack is known; got 2.3");
  CHECK(changed([](Managed& m) {
          m.array.device = {dlpack::cuda, 0};
        }) == "from_dlpack: the memory must be the CPU's; got device type 2");
  const std::string types =
      "from_dlpack: the elements must be bool, integers of up to 64 bits or floating numbers of "
      "16, "
      "32 or 64 bits, one a lane; got ";
  CHECK(changed([](Managed& m) { m.array.dtype.lanes = 4; }) ==
        types + "code 2 of 32 bits in 4 lanes");
  CHECK(changed([](Managed& m) { m.array.dtype.lanes = 0; }) ==
        types + "code 2 of 32 bits in 0 lanes");
  CHECK(changed([](Managed& m) { m.array.dtype.bits = 8; }) ==
        types + "code 2 of 8 bits in 1 lanes");
  CHECK(changed([](Managed& m) {
          m.array.dtype = {5, 64, 1};
        }) == types + "code 5 of 64 bits in 1 lanes");  // complex
  CHECK(changed([](Managed& m) { m.array.rank = 9; }) ==
        "from_dlpack: 0 to 8 axes are possible; got 9");
  CHECK(changed([](Managed& m) { m.array.rank = -1; }) ==
        "from_dlpack: 0 to 8 axes are possible; got -1");
  CHECK(changed([](Managed& m) { m.array.shape = nullptr; }) ==
        "from_dlpack: a shape is needed; got a null pointer");
  CHECK(changed([](Managed& m) { m.array.data = nullptr; }) ==
        "from_dlpack: data is needed; got a null pointer");
  CHECK(changed([](Managed& m) { m.array.byte_offset = ~std::uint64_t{0}; }) ==
        "from_dlpack: the byte offset must fit in the address space; got 18446744073709551615");
  CHECK(changed([](Managed& m) { m.array.shape[1] = -4; }).find("-4") != std::string::npos);
  CHECK(changed([](Managed& m) {
          m.array.shape[0] = m.array.shape[1] = INT64_MAX;
        }).starts_with("shape: "));
  for (const std::int64_t stride : {INT64_MAX, INT64_MIN, INT64_MAX / 4}) {
    CHECK(changed([=](Managed& m) { m.array.strides[1] = stride; }) ==
          "from_dlpack: strides must stay in the address space; got " + std::to_string(stride) +
              " along axis 1 of [2, 4]");
  }

  std::array<unsigned char, 4> truths{0, 1, 2, 1};
  Foreign bad(truths.data(), boolean, {4});
  CHECK(refused(bad) == "from_dlpack: a bool must be 0 or 1");
  CHECK(refused(bad, {.copy = true}) == "from_dlpack: a bool must be 0 or 1");
  Foreign good(truths.data(), boolean, {3}, {1});
  good.managed.array.byte_offset = 0;
  truths[2] = 1;
  CHECK(values(from_dlpack(&good.managed)) == Doubles{0, 1, 1});
}

TEST_CASE("from_dlpack: taken memory is not written, and takes part in derivatives") {
  std::array<float, 3> numbers{1, 2, 3};
  Foreign foreign(numbers.data(), float32, {3});
  Tensor w = from_dlpack(&foreign.managed);
  w.set_requires_grad(true);
  sum(w * w).backward();
  CHECK(values(w.grad()) == Doubles{2, 4, 6});
  w.assign(w.detach() - w.grad());
  CHECK(numbers == std::array<float, 3>{1, 2, 3});
  CHECK(values(w) == Doubles{-1, -2, -3});
}
