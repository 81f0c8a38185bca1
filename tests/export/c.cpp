#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include <xtape/export/c/memory.hpp>
#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"
#include "loaded_c.hpp"
#include "models.hpp"

using namespace xtape;
using models::LoadedC, models::no_compiler;

namespace {

void check_case(const models::Case& of) {
  CAPTURE(of.name);
  of.model->eval();
  const Tensor first = of.input(2);
  const LoadedC loaded(of.model, first);
  for (const Tensor& x : {first, take(of.input(5), tensor({3, 4}), of.batch_axis), first}) {
    const Tensor y = of.model(x).detach().contiguous();
    CHECK(mismatch(loaded(x, y), y, tolerance_of(y.dtype())) == "");
  }
}

}  // namespace

TEST_CASE("export_c: layers give what the library gives") {
  if (no_compiler()) return;
  for (const models::Case& of : models::of_layers()) check_case(of);
}

TEST_CASE("export_c: layers of one row give what the library gives") {
  if (no_compiler()) return;
  for (const models::Case& of : models::of_layers()) {
    CAPTURE(of.name);
    of.model->eval();
    const Tensor x = of.input(1), y = of.model(x).detach().contiguous();
    CHECK(mismatch(LoadedC(of.model, x)(x, y), y, tolerance_of(y.dtype())) == "");
  }
}

TEST_CASE("export_c: what is not finite, and the sign of 0") {
  if (no_compiler()) return;
  using Functions = std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>>;
  const float inf = std::numeric_limits<float>::infinity(), none = std::nanf("");
  const Functions functions{
      {"abs", [](const Tensor& x) { return 1 / abs(x); }},
      {"relu", [](const Tensor& x) { return 1 / relu(x); }},
      {"silu", [](const Tensor& x) { return silu(x); }},
      {"gelu", [](const Tensor& x) { return gelu(x); }},
      {"gelu_tanh", [](const Tensor& x) { return gelu_tanh(x); }},
      {"mish", [](const Tensor& x) { return mish(x); }},
      {"softsign", [](const Tensor& x) { return softsign(x); }},
      {"clip", [](const Tensor& x) { return clip(x, -1, 1); }},
      {"clip by none", [](const Tensor& x) { return clip(x, 1, -1); }},
      {"clip by NaN",
       [=](const Tensor& x) {
         return clip(x, tensor({none, -1.0F, -1.0F}), tensor({1.0F, 1.0F, none}));
       }},
      {"remainder", [](const Tensor& x) { return remainder(x, 0.7); }},
      {"remainder by infinity", [=](const Tensor& x) { return remainder(x, inf); }},
      {"remainder by less", [=](const Tensor& x) { return remainder(x, -inf); }},
      {"floor_divide", [](const Tensor& x) { return floor_divide(x, 0.1); }},
      {"floor_divide by 0", [](const Tensor& x) { return floor_divide(x, 0); }},
      {"truths", [](const Tensor& x) { return (0.3 * x).to(Dtype::boolean); }},
      {"softmax", [](const Tensor& x) { return softmax(x, 1); }},
      {"log_softmax", [](const Tensor& x) { return log_softmax(x, 1); }},
      {"logsumexp", [](const Tensor& x) { return logsumexp(x, 1); }},
      {"max", [](const Tensor& x) { return amax(x, 1) + argmax(x, 1); }},
      {"sort", [](const Tensor& x) { return sort(x, 1) + argsort(x, 1, true); }},
      {"topk", [](const Tensor& x) { return topk(x, 2, 0).values + topk(x, 2, 0).indices; }},
      {"cummax", [](const Tensor& x) { return cummax(x, 1) + cummin_with_indices(x, 0).indices; }},
      {"searchsorted", [](const Tensor& x) { return searchsorted(sort(x, 1), x, Side::right); }},
      {"nan_to_num", [](const Tensor& x) { return nan_to_num(x) / 2 + nansum(x, 0); }},
      {"log_ndtr", [](const Tensor& x) { return log_ndtr(x / 8) + sinc(x / 1e10); }},
      {"logaddexp", [](const Tensor& x) { return logaddexp(x, flip(x, 0)) + xlogy(x, x); }},
  };
  const Tensor x = tensor({{-inf, inf, none},
                           {-0.0F, 0.0F, 256.0F},
                           {-1.0F, 1e-8F, 1e10F},
                           {-1e30F, 3.0F, -3.0F},
                           {-inf, -inf, -inf},
                           {inf, inf, 0.0F},
                           {-inf, 0.0F, 1.0F}},
                          Dtype::float32);
  for (const auto& each : functions) {
    const std::string name(each.first);
    const auto& function = each.second;
    CAPTURE(name);
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      const Tensor given = x.to(dtype), y = function(given).contiguous();
      CHECK(mismatch(LoadedC(nn::AnyModule(function), given)(given, y), y,
                     tolerance_of(y.dtype())) == "");
    }
  }
  nn::RNN net(3, 2, {.nonlinearity = Nonlinearity::relu});
  const Tensor steps = where(x == x, clip(x, -2, 2), none), long_steps = expand_dims(steps, 0);
  const Tensor y = net(long_steps).detach().contiguous();
  CHECK(mismatch(LoadedC(nn::AnyModule(net), long_steps)(long_steps, y), y, 1e-5) == "");
}

TEST_CASE("export_c: integers wrap around, and are divided as the library does") {
  if (no_compiler()) return;
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::function<Tensor(const Tensor&)> functions[] = {
      [](const Tensor& x) { return square(x) + x * x - 3 * x; },
      [](const Tensor& x) { return x - 1 + abs(x) - -x; },
      [](const Tensor& x) { return sum(x, 1) + prod(x, 1); },
      [](const Tensor& x) { return cumsum(x, 1); },
      [](const Tensor& x) { return matmul(x, transpose(x)); },
      [=](const Tensor& x) { return minimum(x, least); },
      [](const Tensor& x) { return floor_divide(x, 3) + floor_divide(x, -3); },
      [](const Tensor& x) { return floor_divide(x, -1); },
      [](const Tensor& x) { return remainder(x, 3) * remainder(x, -7) + fmod(x, -3); },
      [](const Tensor& x) { return remainder(x, -1) + fmod(x, -1); },
      [](const Tensor& x) { return round(x) + trunc(x) + ceil(x) + floor(x); },
      [](const Tensor& x) { return (x * 256).to(Dtype::boolean); },
      [](const Tensor& x) { return pow(x, 5) + pow(x, abs(remainder(x, 4))); },
      [](const Tensor& x) { return sort(x, 1) + argsort(x, 0, true) + cumprod(x, 1); },
      [](const Tensor& x) {
        return scatter_add(x, tensor({1, 0, 1}), {2, 3}, 0);
      },
      [](const Tensor& x) { return cross(x, slice(x, {1})); },
      [](const Tensor& x) {
        return bitwise_xor(left_shift(x, 62), right_shift(x, tensor({1, 63, 64})));
      },
  };
  const Tensor x = tensor({{least, 7, -7}, {-1 - least, 1, 0}, {3037000500, -9, 8}});
  for (const auto& function : functions) {
    const Tensor y = function(x).contiguous();
    CHECK(mismatch(LoadedC(nn::AnyModule(function), x)(x, y), y) == "");
  }
}

TEST_CASE("export_c: numbers that int64 does not have become the least") {
  if (no_compiler()) return;
  const auto whole = [](const Tensor& x) { return x.to(Dtype::int64); };
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor y = tensor({least, least, least, least, std::int64_t{-2}, std::int64_t{3}});
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({std::nan(""), inf, -inf, 1e30, -2.7, 3.9}, dtype);
    CHECK(mismatch(LoadedC(nn::AnyModule(whole), ones(Shape{6}, dtype))(x, y), y) == "");
  }
}

TEST_CASE("export_c: children may have any names") {
  if (no_compiler()) return;
  struct Odd : nn::Module {
    nn::Dense dense = child("a*/b\n\\", nn::Dense(3, 3));
    Tensor operator()(const Tensor& x) const { return relu(dense(x)); }
  };
  const Odd model;
  const Tensor x = ones({2, 3}), y = model(x).detach();
  CHECK(mismatch(LoadedC(nn::AnyModule(model), x)(x, y), y, 2e-6) == "");
}

TEST_CASE("export_c: functions give what the library gives") {
  if (no_compiler()) return;
  for (const models::Case& of : models::of_functions()) check_case(of);
}

TEST_CASE("export_c: the file needs nothing, and says what goes in and out") {
  if (no_compiler()) return;
  seed(1);
  const nn::AnyModule model{nn::Sequential(nn::Dense(4, 8), nn::ReLU(), nn::Dense(8, 3))};
  const std::string text = LoadedC(model, ones({2, 4})).text;
  CHECK(
      text.starts_with("/* model: what a model of xtape computes in evaluation.\n"
                       "     x  float32[2, 4], in row-major order\n"
                       "     y  float32[2, 3], in row-major order; must not overlap x\n"));
  CHECK(text.find("void model(const float* x, float* y);") != std::string::npos);
  CHECK(text.find("static const float k_0_weight[32] = {") != std::string::npos);
  CHECK(text.find("#include", text.find("#include <stdint.h>") + 1) == std::string::npos);
  // relu works in place, and the last result is the caller's.
  CHECK(text.find("static float memory_of_float32[16];") != std::string::npos);
}

TEST_CASE("export_c: constants are exact") {
  if (no_compiler()) return;
  const Tensor numbers = tensor({0.1, -1.0 / 3, 1e-40, 3.4e38, -0.0, 123456.0}, Dtype::float32);
  const auto added = [&](const Tensor& x) { return concatenate({x, numbers, -1 / numbers}, 0); };
  const Tensor x = ones(Shape{1});
  const Tensor y = added(x);
  CHECK(mismatch(LoadedC(nn::AnyModule(added), x)(x, y), y) == "");
  const Tensor far = tensor({0.1, 1e-320, -1.7e308}, Dtype::float64);
  const auto doubled = [&](const Tensor& one) { return one * far; };
  const Tensor one = ones(Shape{1}, Dtype::float64);
  CHECK(mismatch(LoadedC(nn::AnyModule(doubled), one)(one, far), far) == "");
}

TEST_CASE("export_c: a result that is the input, or a part of it") {
  if (no_compiler()) return;
  const std::function<Tensor(const Tensor&)> functions[] = {
      [](const Tensor& x) { return x; },
      [](const Tensor& x) { return transpose(x); },
      [](const Tensor& x) { return reshape(exp(x), Shape{12}); },
      [](const Tensor& x) { return slice(exp(x), {range(1, 3)}); },
      // What may not be done in place: another reads it later, or at other places.
      [](const Tensor& x) {
        const Tensor y = exp(x), z = y * 2;
        return y + z;
      },
      [](const Tensor& x) {
        const Tensor y = exp(slice(x, {range(0, 3)}));
        return 2 * (y - transpose(y));
      },
      [](const Tensor& x) {
        const Tensor y = exp(x), part = slice(y, {1}), z = relu(y);
        return z - part;
      },
      [](const Tensor& x) { return reshape(transpose(exp(x)), Shape{12}); },
  };
  const Tensor x = reshape(arange(0.0, 12.0), {4, 3}) / 8;
  for (const auto& function : functions) {
    const Tensor y = function(x).contiguous();
    CHECK(mismatch(LoadedC(nn::AnyModule(function), x)(x, y), y, tolerance_of(y.dtype())) == "");
  }
}

TEST_CASE("export_c: names that C does not take, and empty examples, are refused") {
  for (const char* name :
       {"", "2nd", "a-b", "int", "_start", "k_weights", "sigmoidf", "x", "n a", "exp", "sqrtf",
        "cexpl", "NAN", "int64_t", "INT64_MIN", "memset", "floored_remainderi", "\xe9t\xe9"}) {
    const auto exported = [&] {
      export_c("/dev/null/all.c", nn::ReLU(), ones({1, 2}), {.name = name});
      return 0;
    };
    CHECK(error_of<ValueError>(exported) ==
          std::string("export_c: the name must be an identifier of C that begins with a letter and "
                      "is not taken; got \"") +
              name + "\"");
  }
  CHECK(error_of<ShapeError>([] {
          export_c("/dev/null/all.c", nn::ReLU(), ones({0, 2}));
          return 0;
        }) == "export_c: an example with elements is needed; got float32[0, 2]");
  CHECK(error_of<ValueError>([] {
          export_c("/dev/null/all.c", nn::AnyModule([](const Tensor& x) { return digamma(x); }),
                   ones({3, 2}));
          return 0;
        }) == "export_c: digamma has no rule");
}

TEST_CASE("export_c: buffers that are needed at the same time lie apart") {
  using exporting::CBuffer;
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<CBuffer> buffers;
    std::int64_t all = 0;
    for (std::int64_t i = 0; i < rng.integer(1, 20); ++i) {
      const auto first = static_cast<int>(rng.integer(0, 20));
      const auto last = first + static_cast<int>(rng.integer(0, 6));
      buffers.push_back({Dtype::float32, rng.integer(1, 50), first, last, 0});
      all += buffers.back().size;
    }
    const std::int64_t length = exporting::place_buffers(buffers, Dtype::float32);
    std::int64_t most = 0;  // what is needed at one time
    for (int time = 0; time < 30; ++time) {
      std::int64_t now = 0;
      for (const CBuffer& buffer : buffers)
        if (buffer.first <= time && time <= buffer.last) now += buffer.size;
      most = std::max(most, now);
    }
    CHECK(length >= most);
    CHECK(length <= all);
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      CHECK(buffers[i].place + buffers[i].size <= length);
      for (std::size_t j = 0; j < i; ++j) {
        const CBuffer &a = buffers[i], &b = buffers[j];
        const bool together = a.first <= b.last && b.first <= a.last;
        const bool apart = a.place + a.size <= b.place || b.place + b.size <= a.place;
        CHECK((!together || apart));
      }
    }
  }
}
