#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>

#include <xtape/core/require.hpp>
#include <xtape/train/search_space.hpp>

namespace xtape {
namespace {

constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t most_combinations = std::numeric_limits<std::int32_t>::max();
constexpr std::string_view other_columns[] = {"rank",    "candidate", "score", "spread",
                                              "seconds", "budget",    "seed",  "error"};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

void check_name(const std::string& name) {
  if (name.empty() || name.find('=') != name.npos ||
      std::any_of(name.begin(), name.end(), is_blank)) {
    throw ValueError("space: a name must be without blanks and '=', and not empty; got \"" + name +
                     "\"");
  }
  if (std::ranges::find(other_columns, name) != std::end(other_columns) ||
      name.starts_with("fold_")) {
    throw ValueError("space: a name must not be that of another column of the results; got " +
                     name);
  }
}

[[noreturn]] void fail_range(const std::string& name, const char* rule,
                             const HyperparameterValue& low, const HyperparameterValue& high) {
  throw ValueError("space: the range of " + name + " must have " + rule + "; got " +
                   to_string(low) + " and " + to_string(high));
}

double draw_uniform(Rng& rng, double low, double high) {
  return rng.uniform({}, low, high, Dtype::float64).item();
}

}  // namespace

SearchSpace& SearchSpace::choice(std::string name, std::vector<HyperparameterValue> values) {
  if (values.empty()) throw ValueError("space: " + name + " must have a value; got an empty list");
  for (const HyperparameterValue& value : values) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) {
      throw ValueError("space: the values of " + name + " must be finite; got " + to_string(value));
    }
  }
  auto draw = [values](Rng& rng) {
    return values[static_cast<std::size_t>(rng.integer(0, std::ssize(values)))];
  };
  return add({std::move(name), std::move(values), std::move(draw)});
}

SearchSpace& SearchSpace::uniform(std::string name, double low, double high) {
  if (!(low <= high && std::isfinite(high - low))) {
    fail_range(name, "low <= high, a finite distance apart", low, high);
  }
  return add({std::move(name), {}, [=](Rng& rng) { return draw_uniform(rng, low, high); }});
}

SearchSpace& SearchSpace::log_uniform(std::string name, double low, double high) {
  if (!(low > 0 && low <= high && std::isfinite(high))) {
    fail_range(name, "0 < low <= high, both finite", low, high);
  }
  return add({std::move(name), {}, [=](Rng& rng) {
                const double drawn = std::exp(draw_uniform(rng, std::log(low), std::log(high)));
                return std::clamp(drawn, low, high);  // log and exp round
              }});
}

SearchSpace& SearchSpace::integers(std::string name, std::int64_t low, std::int64_t high) {
  if (low > high || high == greatest) fail_range(name, "low <= high < 2^63 - 1", low, high);
  return add({std::move(name), {}, [=](Rng& rng) { return rng.integer(low, high + 1); }});
}

SearchSpace& SearchSpace::log_integers(std::string name, std::int64_t low, std::int64_t high) {
  constexpr std::int64_t most = std::int64_t{1} << 53;  // beyond which float64 leaves some out
  if (low < 1 || low > high || high > most) fail_range(name, "1 <= low <= high <= 2^53", low, high);
  return add({std::move(name), {}, [=](Rng& rng) {  // each integer stands for all that round to it
                const double drawn = draw_uniform(rng, std::log(static_cast<double>(low) - 0.5),
                                                  std::log(static_cast<double>(high) + 0.5));
                return std::clamp(std::llround(std::exp(drawn)), static_cast<long long>(low),
                                  static_cast<long long>(high));
              }});
}

SearchSpace& SearchSpace::add(Dimension dimension) {
  check_name(dimension.name);
  const auto same = [&](const Dimension& other) { return other.name == dimension.name; };
  if (std::any_of(dimensions_.begin(), dimensions_.end(), same)) {
    throw ValueError("space: names must differ; got " + dimension.name + " again, after " +
                     names());
  }
  dimensions_.push_back(std::move(dimension));
  return *this;
}

std::string SearchSpace::names() const {
  std::string text;
  for (const Dimension& dimension : dimensions_) {
    text += (text.empty() ? "" : ", ") + dimension.name;
  }
  return text;
}

void SearchSpace::check_not_empty() const {
  if (dimensions_.empty()) throw ValueError("space: there must be a hyperparameter; got none");
}

std::vector<Hyperparameters> SearchSpace::grid() const {
  check_not_empty();
  std::int64_t count = 1;
  for (const Dimension& dimension : dimensions_) {
    const std::int64_t values = std::ssize(dimension.values);
    if (values == 0) {
      throw ValueError("space: a grid must have a list of values for each of " + names() +
                       "; got a range for " + dimension.name);
    }
    if (values > most_combinations / count) {
      throw ValueError("space: a grid must have less than 2^31 combinations; got more for " +
                       names());
    }
    count *= values;
  }
  std::vector<Hyperparameters> all;
  all.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<Hyperparameter> entries(dimensions_.size());
    std::int64_t rest = i;
    for (std::size_t d = dimensions_.size(); d > 0;) {
      --d;
      const auto& [name, values, draw] = dimensions_[d];
      entries[d] = {name, values[static_cast<std::size_t>(rest % std::ssize(values))]};
      rest /= std::ssize(values);
    }
    all.emplace_back(std::move(entries));
  }
  return all;
}

std::vector<Hyperparameters> SearchSpace::sample(std::int64_t count, Rng& rng) const {
  check_not_empty();
  detail::require_in<std::int64_t>("space", "the number of candidates", count, 1,
                                   most_combinations);
  std::vector<Hyperparameters> drawn;
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<Hyperparameter> entries;
    for (const auto& [name, values, draw] : dimensions_) entries.push_back({name, draw(rng)});
    drawn.emplace_back(std::move(entries));
  }
  return drawn;
}

}  // namespace xtape
