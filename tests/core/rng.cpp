#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/wraps.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

// All figures are NumPy's, with r = np.random.RandomState(seed). Compared without tolerance: the
// streams are one.

namespace {

Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Doubles doubles(const Tensor& x) { return x.to_vector<double>(); }

XTAPE_WRAPS std::uint64_t sum_of_bits(const Tensor& x) {
  std::uint64_t sum = 0;
  for (const double value : x.data<double>()) sum += std::bit_cast<std::uint64_t>(value);
  return sum;
}

}  // namespace

TEST_CASE("uniform") {
  CHECK(doubles(Rng(0).uniform({3}, 0, 1, Dtype::float64)) ==
        Doubles{0.5488135039273248, 0.7151893663724195,
                0.6027633760716439});  // seed 0: r.random_sample(3)
  CHECK(Rng(0).uniform() == 0.5488135039273248);
  CHECK(Rng(4294967295).uniform() == 0.0976320289940138);
  CHECK(doubles(Rng(0).uniform({2}, -3, 5, Dtype::float64)) ==
        Doubles{1.390508031418598, 2.721514930979356});  // r.uniform(-3, 5, 2)
  Rng rng(0);
  CHECK(rng.uniform({1000000}, 0, 1, Dtype::float64).to_vector<double>().back() ==
        0x1.d134ca597188ep-1);
  CHECK(rng.uniform({2, 0}).shape() == Shape{2, 0});
  CHECK(rng.uniform({4}, 2, 2).to_vector<double>() == Doubles{2, 2, 2, 2});
}

TEST_CASE("float32 values are the float64 ones rounded") {
  CHECK(doubles(Rng(0).randn({3})) ==
        Doubles{0x1.c398fp+0, 0x1.99c2dp-2, 0x1.f51d26p-1});  // r.randn(3).astype(np.float32)
  Rng narrow(7), wide(7);
  const std::vector<float> single = narrow.uniform({100}, -1, 3).to_vector<float>();
  const Doubles twice = doubles(wide.uniform({100}, -1, 3, Dtype::float64));
  for (std::size_t i = 0; i < 100; ++i) CHECK(single[i] == static_cast<float>(twice[i]));
  CHECK(narrow == wide);
}

TEST_CASE("normal") {
  CHECK(doubles(Rng(0).randn({3}, Dtype::float64)) ==
        Doubles{1.764052345967664, 0.4001572083672233, 0.9787379841057392});  // r.randn(3)
  CHECK(Rng(0).randn({1000}, Dtype::float64).to_vector<double>().back() == -0.35811407547985674);
  CHECK(doubles(Rng(42).normal({3}, 10, 0.5, Dtype::float64)) ==
        Doubles{10.248357076505616, 9.930867849414408,
                10.323844269050346});  // seed 42: r.normal(10, 0.5, 3)
  // The last bits are right too: compiled with fused products and sums, some would differ.
  CHECK(sum_of_bits(Rng(0).randn({100000}, Dtype::float64)) ==
        0x26ad2fdc74db4580);  // r.randn(100000).view(np.uint64).sum()
  CHECK(sum_of_bits(Rng(0).uniform({100000}, -3, 7, Dtype::float64)) == 0x3da9d5882975e97);
  // Seed 5: r.randn(1), r.random_sample(), r.randn(), r.randint(0, 100), r.randn(). The second
  // normal was kept.
  Rng rng(5);
  rng.randn({1});
  CHECK(rng.uniform() == 0.20671915533942642);
  CHECK(rng.normal() == -0.33087015189408764);
  CHECK(rng.integer(0, 100) == 16);
  CHECK(rng.normal() == -1.6556935151658263);
  rng.seed(0);
  CHECK(rng.normal() == 1.764052345967664);
}

TEST_CASE("integers") {  // r.randint(low, high, n)
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                         most = std::numeric_limits<std::int64_t>::max();
  CHECK(integers(Rng(0).integers(0, 10, {12})) == Integers{5, 0, 3, 3, 7, 9, 3, 5, 2, 4, 7, 6});
  CHECK(integers(Rng(0).integers(-5, 1000000, {2, 2})) == Integers{985767, 305706, 435824, 117947});
  CHECK(integers(Rng(0).integers(0, 4294967296, {3})) ==
        Integers{2357136044, 2546248239, 3071714933});
  CHECK(integers(Rng(0).integers(0, 4294967297, {3})) ==
        Integers{2546248239, 1277901399, 243580376});
  Rng rng(0);
  CHECK(integers(rng.integers(least, most, {3})) ==
        Integers{900450186894289455, 3969543146641149120, 1895649597198586619});
  CHECK(integers(rng.integers(3, 4, {2})) == Integers{3, 3});  // draws nothing
  CHECK(rng.integer(0, 10) == 3);
}

TEST_CASE("permutation and shuffle") {
  CHECK(integers(Rng(0).permutation(10)) ==
        Integers{2, 8, 4, 9, 1, 6, 7, 3, 0, 5});  // r.permutation(10)
  Integers list{100, 101, 102, 103, 104, 105, 106};
  Rng rng(1);
  rng.shuffle(list);  // seed 1: r.shuffle(list), r.random_sample()
  CHECK(list == Integers{106, 102, 101, 100, 104, 103, 105});
  CHECK(rng.uniform() == 0.9990405153241447);
  CHECK(Rng(0).permutation(0).size() == 0);
  CHECK(integers(Rng(0).permutation(1)) == Integers{0});
  Integers none;
  rng.shuffle(none);
}

TEST_CASE("binomial, by inversion and by the envelope") {
  // r.binomial(n, p, 20000): its first numbers, its sum, and r.random_sample() after it.
  struct Row {
    std::int64_t n;
    double p;
    Integers first;
    std::int64_t sum;
    double next;
  };
  for (const Row& row : std::vector<Row>{
           {10, 0.3, {3, 4, 3, 3, 3, 3, 3, 5}, 59578, 0.3921729613508653},
           {10, 0.7, {7, 6, 7, 7, 7, 7, 7, 5}, 140422, 0.3921729613508653},
           {1, 0.9, {1, 1, 1, 1, 1, 1, 1, 1}, 17988, 0.3921729613508653},
           {20, 0.0, {0, 0, 0, 0, 0, 0, 0, 0}, 0, 0.3921729613508653},
           {20, 1.0, {20, 20, 20, 20, 20, 20, 20, 20}, 400000, 0.3921729613508653},
           {0, 0.4, {0, 0, 0, 0, 0, 0, 0, 0}, 0, 0.3921729613508653},
           {61, 0.5, {32, 26, 29, 27, 30, 27, 27, 38}, 609314, 0.8872764983828003},
           {100, 0.5, {52, 51, 61, 51, 43, 47, 45, 48}, 997774, 0.9513255081741255},
           {1000, 0.1, {84, 89, 102, 99, 122, 107, 101, 87}, 1997471, 0.08198326379520426},
           {1000, 0.9, {916, 911, 898, 901, 878, 893, 899, 913}, 18002529, 0.08198326379520426},
           {10000000,
            0.25,
            {2500034, 2500760, 2499745, 2499062, 2496399, 2499479, 2500021, 2497580},
            49999878568,
            0.8482152422742377}}) {
    CAPTURE(row.n);
    CAPTURE(row.p);
    Rng rng(0);
    const Integers draws = integers(rng.binomial(row.n, row.p, {20000}));
    CHECK(Integers(draws.begin(), draws.begin() + 8) == row.first);
    CHECK(std::accumulate(draws.begin(), draws.end(), std::int64_t{0}) == row.sum);
    CHECK(rng.uniform() == row.next);
  }
  // Long enough for every branch to decide a draw: seed 0, r.binomial(200, 0.5, 2000000),
  // r.random_sample().
  Rng rng(0);
  rng.binomial(200, 0.5, {2000000});
  CHECK(rng.uniform() == 0.4745512868025499);
  CHECK(integers(Rng(3).binomial(7, 0.2, {2, 3})) == Integers{1, 2, 1, 1, 3, 3});
}

TEST_CASE("binomial of the greatest n") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t y : integers(Rng(0).binomial(most, 0.5, {100}))) {
    CHECK(std::abs(static_cast<double>(y) / 0x1p62 - 1) < 1e-8);
  }
}

TEST_CASE("a generator is a value") {
  Rng rng(9);
  rng.normal();  // one is kept
  Rng copy = rng;
  CHECK(copy == rng);
  const double next = rng.normal();
  CHECK(copy != rng);
  CHECK(copy.normal() == next);
  CHECK(copy == rng);
  Rng uniform(9);  // draws what the normals need
  for (int i = 0; i < 20 && uniform != rng; ++i) uniform.uniform();
  CHECK(uniform == rng);
  CHECK(Rng() == Rng(0));
  CHECK(Rng(0) != Rng(1));
}

TEST_CASE("the state as text") {
  Rng rng(9);
  for (int i = 0; i < 1001; ++i) rng.normal();
  Rng restored = Rng::from_state(rng.state());
  CHECK(restored == rng);
  for (int i = 0; i < 1001; ++i) CHECK(restored.normal() == rng.normal());

  const std::string text = rng.state();
  const std::string expected =
      "Rng::from_state: the text must come from Rng::state(); it has another form";
  const auto error = [](const std::string& state) {
    return error_of<ValueError>([&] { return Rng::from_state(state); });
  };
  CHECK(error("") == expected);
  CHECK(error("MT19937") == expected);
  CHECK(error("PCG64" + text.substr(7)) == expected);
  CHECK(error(text.substr(0, text.size() / 2)) == expected);
  CHECK(error(text + " 1") == expected);
  CHECK(error("MT19937 271 " + text.substr(text.find(' ', 8) + 1)) ==
        expected);  // 0x271 = 625 words used
  CHECK(error("MT19937 fffffffff " + text.substr(text.find(' ', 8) + 1)) == expected);
  CHECK(error("MT19937 -1 " + text.substr(text.find(' ', 8) + 1)) == expected);
  CHECK(error("MT19937  1" + text.substr(9)) == expected);
}

TEST_CASE("bad arguments are refused, and nothing is drawn") {
  Rng rng(0);
  const Rng before = rng;
  CHECK(error_of<ValueError>([] { return Rng(4294967296); }) ==
        "seed: the seed must be less than 2^32; got 4294967296");
  CHECK(error_of<ValueError>([&] { return rng.seed(std::uint64_t(1) << 40), 0; }) ==
        "seed: the seed must be less than 2^32; got 1099511627776");
  CHECK(error_of<ValueError>([&] { return rng.integers(5, 5, {2}); }) ==
        "integers: low must be less than high; got 5 and 5");
  CHECK(error_of<ValueError>([&] { return rng.integer(5, 3); }) ==
        "integer: low must be less than high; got 5 and 3");
  CHECK(error_of<ValueError>([&] { return rng.permutation(-1); }) ==
        "permutation: n must not be negative; got -1");
  CHECK(error_of<ValueError>([&] { return rng.binomial(-1, 0.5, {2}); }) ==
        "binomial: n must not be negative; got -1");
  CHECK(error_of<ValueError>([&] { return rng.binomial(1, 1.5, {2}); }) ==
        "binomial: p must lie in [0, 1]; got 1.5");
  CHECK(error_of<ValueError>([&] { return rng.binomial(1, -0.1, {2}); }) ==
        "binomial: p must lie in [0, 1]; got -0.1");
  CHECK(error_of<ValueError>([&] { return rng.binomial(1, std::nan(""), {2}); }) ==
        "binomial: p must lie in [0, 1]; got nan");
  CHECK(error_of<ValueError>([&] { return rng.normal({2}, 0, -1); }) ==
        "normal: mean and stddev must be finite, and stddev not negative; got 0 and -1");
  CHECK(error_of<ValueError>([&] { return rng.normal({2}, 0, std::nan("")); }) ==
        "normal: mean and stddev must be finite, and stddev not negative; got 0 and nan");
  CHECK(error_of<ValueError>([&] { return rng.uniform({2}, 1, 0); }) ==
        "uniform: low must not exceed high, nor their distance be infinite; got 1 and 0");
  CHECK_THROWS_AS(rng.uniform({2}, 0, std::numeric_limits<double>::infinity()), ValueError);
  CHECK_THROWS_AS(rng.uniform({2}, -1e308, 1e308), ValueError);
  CHECK(error_of<DtypeError>([&] { return rng.uniform({2}, 0, 1, Dtype::int64); }) ==
        "uniform: the dtype must be floating; got int64");
  CHECK_THROWS_AS(rng.randn({2}, Dtype::boolean), DtypeError);
  CHECK_THROWS_AS(rng.normal({2}, 0, 1, Dtype::int64), DtypeError);
  CHECK(rng == before);
}

TEST_CASE("the default generator belongs to the thread") {
  seed(0);
  CHECK(default_rng().uniform() == 0.5488135039273248);
  double elsewhere = 0;
  std::thread([&] { elsewhere = default_rng().uniform(); }).join();
  CHECK(elsewhere != 0.5488135039273248);
  CHECK(default_rng().uniform() == 0.7151893663724195);
  CHECK_THROWS_AS(seed(std::uint64_t(1) << 32), ValueError);
  seed(0);
}
