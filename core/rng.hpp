#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A stream of random numbers: NumPy's legacy generator. The same seed gives the same numbers as
/// the methods of `numpy.random.RandomState` with the arguments in the same order of calls; float32
/// values are the float64 ones rounded.
///
/// Mersenne Twister MT19937 (Matsumoto & Nishimura 1998). A value: copies go on independently from
/// the same place.
class Rng {
 public:
  /// Throws ValueError unless the seed fits in 32 bits.
  explicit Rng(std::uint64_t seed = 0) { this->seed(seed); }
  void seed(std::uint64_t value);

  /// One number from [0, 1), with 53 random bits.   RandomState.random_sample()
  double uniform();
  /// Numbers from [low, high); in float32 those nearest to high round to it.
  ///   RandomState.uniform(low, high, shape)
  /// Throws ValueError if low > high, a bound is not finite or does not fit in the dtype, DtypeError
  /// unless floating.
  Tensor uniform(const Shape& shape, double low = 0, double high = 1,
                 Dtype dtype = default_dtype());

  /// One standard normal number, by the polar method (Marsaglia & Bray 1964).   RandomState.randn()
  double normal();
  /// Normal numbers.   RandomState.normal(mean, stddev, shape)
  /// Throws ValueError unless both are finite, fit in the dtype with 13 stddev around the mean, than
  /// which no number is drawn farther off, and stddev >= 0; DtypeError unless floating.
  Tensor normal(const Shape& shape, double mean, double stddev, Dtype dtype = default_dtype());
  /// Standard normal numbers.   RandomState.randn(*shape)
  Tensor randn(const Shape& shape, Dtype dtype = default_dtype());

  /// One integer with low <= i < high.   RandomState.randint(low, high)
  /// Throws ValueError unless low < high.
  std::int64_t integer(std::int64_t low, std::int64_t high);
  /// Such integers, int64. Throws alike.   RandomState.randint(low, high, shape)
  Tensor integers(std::int64_t low, std::int64_t high, const Shape& shape);

  /// 0, ..., n - 1 in random order, int64 [n].   RandomState.permutation(n)
  /// Throws ValueError for a negative n.
  Tensor permutation(std::int64_t n);
  /// Puts the values in random order.   RandomState.shuffle(values)
  void shuffle(std::span<std::int64_t> values);

  /// Successes in n trials with probability p each, int64.   RandomState.binomial(n, p, shape)
  /// Throws ValueError for a negative n or p outside [0, 1].
  Tensor binomial(std::int64_t n, double p, const Shape& shape);

  /// The place in the stream as text, to go on from later.
  std::string state() const;
  /// Throws ValueError unless the text comes from `state()`.
  static Rng from_state(std::string_view text);

  friend bool operator==(const Rng&, const Rng&) = default;

 private:
  friend Rng& default_rng();
  void seed_by(std::span<const std::uint32_t> key);
  std::uint32_t next_32();
  std::uint64_t next_64();
  std::uint64_t below(std::uint64_t count_less_1);
  void renew();

  static constexpr std::size_t word_count = 624;
  std::array<std::uint32_t, word_count> words_;
  std::size_t position_;     // of the next unused word
  bool has_normal_ = false;  // the polar method makes two at a time
  double normal_ = 0;
};

/// The generator of this thread, where no other is given. That of the main thread (the one that
/// loads the library) starts with seed 0; that of the i-th other thread to use its own, i = 1, 2,
/// ..., as `RandomState([n, i])` does, n being the last seed on the main thread.
Rng& default_rng();

/// Seeds the generator of this thread; on the main thread also those of threads that use theirs for
/// the first time later, which are counted anew. Throws ValueError unless the seed fits in 32 bits.
void seed(std::uint64_t value);

}  // namespace xtape

XTAPE_EXPORT_END
