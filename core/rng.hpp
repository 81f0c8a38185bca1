#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/alive.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// How `Rng::choice` draws.
struct ChoiceOptions {
  bool replace = true;      ///< a number may come again
  std::vector<double> p{};  ///< the probability of each; none: all are equally probable
};

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
  /// Throws ValueError if low > high, a bound is not finite or does not fit in the dtype,
  /// DtypeError unless floating.
  Tensor uniform(const Shape& shape, double low = 0, double high = 1,
                 Dtype dtype = default_dtype());

  /// One standard normal number, by the polar method (Marsaglia & Bray 1964).   RandomState.randn()
  double normal();
  /// Normal numbers.   RandomState.normal(mean, stddev, shape)
  /// Throws ValueError unless both are finite, fit in the dtype with 13 stddev around the mean,
  /// than which no number is drawn farther off, and stddev >= 0; DtypeError unless floating.
  Tensor normal(const Shape& shape, double mean = 0, double stddev = 1,
                Dtype dtype = default_dtype());
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

  /// One exponential number of mean 1: -log(1 - u).   RandomState.standard_exponential()
  double standard_exponential();
  /// Exponential numbers of mean `scale`.   RandomState.exponential(scale, shape)
  /// Throws ValueError unless the scale is finite, not negative, and fits in the dtype with all
  /// numbers that are drawn; DtypeError unless floating.
  Tensor exponential(double scale, const Shape& shape, Dtype dtype = default_dtype());

  /// One number of a gamma distribution of scale 1; 0 for k = 0.   RandomState.standard_gamma(k)
  /// Source: Marsaglia & Tsang 2000 for k > 1, Ahrens & Dieter 1974 for k < 1.
  /// Throws ValueError unless k is finite and not negative.
  double standard_gamma(double k);
  /// Such numbers times `scale`.   RandomState.gamma(k, scale, shape)
  /// Throws as `standard_gamma`, and as `exponential`.
  Tensor gamma(double k, double scale, const Shape& shape, Dtype dtype = default_dtype());
  /// Sums of df squares of standard normal numbers.   RandomState.chisquare(df, shape)
  /// Throws ValueError unless df is above 0, and as `gamma`.
  Tensor chisquare(double df, const Shape& shape, Dtype dtype = default_dtype());

  /// One number of Student's t distribution.   RandomState.standard_t(df)
  /// Throws ValueError unless df is finite and above 0.
  double standard_t(double df);
  /// Such numbers; those beyond the dtype's range are infinite.   RandomState.standard_t(df, shape)
  /// Throws alike, DtypeError unless floating.
  Tensor standard_t(double df, const Shape& shape, Dtype dtype = default_dtype());

  /// One number of a beta distribution.   RandomState.beta(a, b)
  /// Source: Johnk 1964 for a and b up to 1, otherwise by two gamma numbers.
  /// Throws ValueError unless both are finite and above 0.
  double beta(double a, double b);
  /// Such numbers. Throws alike, DtypeError unless floating.   RandomState.beta(a, b, shape)
  Tensor beta(double a, double b, const Shape& shape, Dtype dtype = default_dtype());
  /// Vectors of positive numbers whose sum is 1, [shape..., k] for k numbers alpha.
  ///   RandomState.dirichlet(alpha, shape)
  /// Throws ValueError unless there are some, finite and above 0, DtypeError unless floating.
  Tensor dirichlet(const std::vector<double>& alpha, const Shape& shape,
                   Dtype dtype = default_dtype());

  /// true with probability p, boolean.   RandomState.random_sample(shape) < p
  /// Throws ValueError for p outside [0, 1].
  Tensor bernoulli(double p, const Shape& shape);
  /// One count of events of which `mean` are expected.   RandomState.poisson(mean)
  /// Source: products of uniform numbers below 10, otherwise algorithm PTRS, Hormann 1993.
  /// Throws ValueError unless the mean lies in [0, 9.223372006484771e18].
  std::int64_t poisson(double mean);
  /// Such counts, int64. Throws alike.   RandomState.poisson(mean, shape)
  Tensor poisson(double mean, const Shape& shape);
  /// How often each of k results came in n trials, int64 [shape..., k].
  ///   RandomState.multinomial(n, p, shape)
  /// Throws ValueError for a negative n, and unless p are probabilities whose sum is 1 to 1e-8.
  Tensor multinomial(std::int64_t n, const std::vector<double>& p, const Shape& shape);
  /// Numbers below n, int64: equally probable ones or by probabilities, with repetitions or
  /// without.
  ///   RandomState.choice(n, shape, replace, p)
  /// Throws ValueError for an n below 1, p other than n probabilities whose sum is 1 to 1e-8, and,
  /// without repetitions, more numbers than there are, or have a probability above 0.
  Tensor choice(std::int64_t n, const Shape& shape, const ChoiceOptions& options = {});

  /// The place in the stream as text, to go on from later.
  std::string state() const;
  /// Throws ValueError unless the text comes from `state()`.
  static Rng from_state(std::string_view text);

  friend bool operator==(const Rng&, const Rng&) = default;

  /// For the library's own use: who keeps a pointer to it.
  const detail::Alive& alive() const { return alive_; }

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
  detail::Alive alive_;
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
