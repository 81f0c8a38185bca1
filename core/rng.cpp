#include <algorithm>
#include <atomic>
#include <bit>
#include <charconv>
#include <cmath>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include <xtape/core/binomial.hpp>
#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/wraps.hpp>

// Compiled with -ffp-contract=off: a product and a sum fused into one operation round differently
// from NumPy's.

namespace xtape {
namespace {

constexpr std::string_view state_name = "MT19937";

using detail::check_floating;
using detail::drawn;
using detail::text;

void check_range(const char* op, std::int64_t low, std::int64_t high) {
  if (low >= high) {
    throw ValueError(std::string(op) + ": low must be less than high; got " + std::to_string(low) +
                     " and " + std::to_string(high));
  }
}

struct Permute {
  static constexpr OpInfo info{"permutation"};
  std::int64_t n;
  Rng& rng;
  detail::Source source;

  OpResult infer() const { return {{n}, Dtype::int64}; }
  void run(const Tensor& y) const {
    source.check();
    const std::span order(y.body().elements<std::int64_t>(), static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    rng.shuffle(order);
  }
};

/// Reads blank-separated numbers from a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
    return word;
  }
  template <class T>
  T number(T limit) {
    const std::string_view digits = word();
    T value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size() || value > limit) fail();
    return value;
  }
  void expect_end() const {
    if (!rest_.empty()) fail();
  }
  [[noreturn]] static void fail() {
    throw ValueError("Rng::from_state: the text must come from Rng::state(); it has another form");
  }

 private:
  std::string_view rest_;
};

}  // namespace

XTAPE_WRAPS void Rng::seed(std::uint64_t value) {
  if (value > UINT32_MAX)
    throw ValueError("seed: the seed must be less than 2^32; got " + std::to_string(value));
  words_[0] = static_cast<std::uint32_t>(value);
  for (std::uint32_t i = 1; i < word_count; ++i) {
    const std::uint32_t previous = words_[i - 1];
    words_[i] = 1812433253U * (previous ^ (previous >> 30)) + i;
  }
  position_ = word_count;
  has_normal_ = false;
  normal_ = 0;
}

/// As the generator's authors seed it by several words (init_by_array, 2002).
XTAPE_WRAPS void Rng::seed_by(std::span<const std::uint32_t> key) {
  constexpr auto last = static_cast<std::uint32_t>(word_count - 1);
  seed(19650218);
  std::uint32_t i = 1;
  const auto mix = [&](std::uint32_t factor, std::uint32_t added) XTAPE_WRAPS {
    const std::uint32_t previous = words_[i - 1];
    words_[i] = (words_[i] ^ ((previous ^ (previous >> 30)) * factor)) + added;
    if (i == last) words_[0] = words_[last];
    i = i == last ? 1 : i + 1;
  };
  for (std::uint32_t round = 0; round < word_count; ++round) {
    const auto j = static_cast<std::uint32_t>(round % key.size());
    mix(1664525U, key[j] + j);
  }
  for (std::uint32_t round = 0; round < last; ++round) mix(1566083941U, 0U - i);
  words_[0] = 0x80000000U;
}

/// The recurrence of the paper: the next 624 words.
void Rng::renew() {
  constexpr std::size_t middle = 397;
  const auto twist = [this](std::size_t i, std::size_t next, std::size_t far) {
    const std::uint32_t y = (words_[i] & 0x80000000U) | (words_[next] & 0x7fffffffU);
    words_[i] = words_[far] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
  };
  for (std::size_t i = 0; i < word_count - middle; ++i) twist(i, i + 1, i + middle);
  for (std::size_t i = word_count - middle; i < word_count - 1; ++i)
    twist(i, i + 1, i + middle - word_count);
  twist(word_count - 1, 0, middle - 1);
  position_ = 0;
}

XTAPE_WRAPS std::uint32_t Rng::next_32() {
  if (position_ == word_count) renew();
  std::uint32_t y = words_[position_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  return y ^ (y >> 18);
}

std::uint64_t Rng::next_64() {
  const std::uint64_t high = next_32();
  return high << 32 | next_32();
}

/// An integer from 0 to `most`, both included: draws are cut to the bits of `most` and repeated
/// until one fits.
std::uint64_t Rng::below(std::uint64_t most) {
  if (most == 0) return 0;
  const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(most);
  for (;;) {
    const std::uint64_t value = (most <= UINT32_MAX ? next_32() : next_64()) & mask;
    if (value <= most) return value;
  }
}

double Rng::uniform() {
  const std::uint32_t high = next_32() >> 5, low = next_32() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;  // 2^26 and 2^53
}

double Rng::normal() {
  if (std::exchange(has_normal_, false)) return std::exchange(normal_, 0);
  double x, y, r2;
  do {
    x = 2.0 * uniform() - 1.0;
    y = 2.0 * uniform() - 1.0;
    r2 = x * x + y * y;
  } while (r2 >= 1.0 || r2 == 0.0);
  const double scale = std::sqrt(-2.0 * std::log(r2) / r2);
  normal_ = scale * x;
  has_normal_ = true;
  return scale * y;
}

Tensor Rng::uniform(const Shape& shape, double low, double high, Dtype dtype) {
  check_floating("uniform", dtype);
  const double range = high - low;
  if (!(range >= 0 && std::isfinite(range))) {
    throw ValueError("uniform: low must not exceed high, nor their distance be infinite; got " +
                     text(low) + " and " + text(high));
  }
  Number(low).check("uniform", dtype);
  Number(high).check("uniform", dtype);
  return drawn("uniform", shape, dtype, *this, [=, this] { return low + range * uniform(); },
               {{"low", low}, {"high", high}});
}

Tensor Rng::normal(const Shape& shape, double mean, double stddev, Dtype dtype) {
  check_floating("normal", dtype);
  if (!(stddev >= 0) || !std::isfinite(stddev) || !std::isfinite(mean)) {
    throw ValueError("normal: mean and stddev must be finite, and stddev not negative; got " +
                     text(mean) + " and " + text(stddev));
  }
  Number(mean).check("normal", dtype);
  Number(stddev).check("normal", dtype);
  Number(std::abs(mean) + 13 * stddev).check("normal", dtype);
  return drawn("normal", shape, dtype, *this, [=, this] { return mean + stddev * normal(); },
               {{"mean", mean}, {"stddev", stddev}});
}

Tensor Rng::randn(const Shape& shape, Dtype dtype) {
  check_floating("randn", dtype);
  return drawn("randn", shape, dtype, *this, [this] { return normal(); });
}

XTAPE_WRAPS std::int64_t Rng::integer(std::int64_t low, std::int64_t high) {
  check_range("integer", low, high);
  const std::uint64_t first =
      static_cast<std::uint64_t>(low);  // unsigned: the distance may exceed int64
  return static_cast<std::int64_t>(first + below(static_cast<std::uint64_t>(high) - first - 1));
}

Tensor Rng::integers(std::int64_t low, std::int64_t high, const Shape& shape) {
  check_range("integers", low, high);
  return drawn("integers", shape, Dtype::int64, *this, [=, this] { return integer(low, high); },
               {{"low", low}, {"high", high}});
}

Tensor Rng::permutation(std::int64_t n) {
  if (n < 0) throw ValueError("permutation: n must not be negative; got " + std::to_string(n));
  return apply(Permute{n, *this, detail::Source(*this)});
}

void Rng::shuffle(std::span<std::int64_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i - 1)]);
}

Tensor Rng::binomial(std::int64_t n, double p, const Shape& shape) {
  if (n < 0) throw ValueError("binomial: n must not be negative; got " + std::to_string(n));
  if (!(p >= 0 && p <= 1)) throw ValueError("binomial: p must lie in [0, 1]; got " + text(p));
  const detail::Binomial next(n, p);
  return drawn("binomial", shape, Dtype::int64, *this, [=, this] { return next(*this); },
               {{"n", n}, {"p", p}});
}

std::string Rng::state() const {
  std::string text(state_name);
  const auto append = [&text](std::uint64_t number) {
    std::array<char, 16> digits;
    text += ' ';
    text.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number, 16).ptr);
  };
  append(position_);
  append(has_normal_ ? 1 : 0);
  append(std::bit_cast<std::uint64_t>(normal_));
  for (const std::uint32_t word : words_) append(word);
  return text;
}

Rng Rng::from_state(std::string_view text) {
  Reader reader(text);
  if (reader.word() != state_name) Reader::fail();
  Rng rng;
  rng.position_ = reader.number(word_count);
  rng.has_normal_ = reader.number(1U) == 1;
  rng.normal_ = std::bit_cast<double>(reader.number(UINT64_MAX));
  for (std::uint32_t& word : rng.words_) word = reader.number(UINT32_MAX);
  reader.expect_end();
  return rng;
}

namespace {

std::thread::id main_thread() {
  static const std::thread::id id = std::this_thread::get_id();
  return id;
}
[[maybe_unused]] const std::thread::id at_start = main_thread();

/// The seed of the main thread above, the number of other threads with a generator below.
constinit std::atomic<std::uint64_t> streams{0};

}  // namespace

Rng& default_rng() {
  thread_local Rng rng = [] {
    Rng own;
    if (std::this_thread::get_id() == main_thread()) return own;
    const std::uint64_t stream = streams.fetch_add(1) + 1;
    const std::uint32_t key[] = {static_cast<std::uint32_t>(stream >> 32),
                                 static_cast<std::uint32_t>(stream)};
    own.seed_by(key);
    return own;
  }();
  return rng;
}

void seed(std::uint64_t value) {
  default_rng().seed(value);
  if (std::this_thread::get_id() == main_thread()) streams = value << 32;
}

}  // namespace xtape
