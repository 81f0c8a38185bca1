#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <system_error>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/column_texts.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/pipeline_fitted.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

/// Which code each key of a column has; -1: none.
class Codes {
 public:
  Codes(const FittedGroup& group, std::size_t column)
      : unseen_(group.unseen),
        kind_(group.kinds[column]),
        count_(std::ssize(group.categories[column])) {
    for (const std::string& text : group.categories[column]) {
      codes_.emplace(text, std::ssize(codes_));
    }
    for (const std::string& text : group.rare[column]) codes_.emplace(text, count_);
    has_rare_ = !group.rare[column].empty();
  }

  std::int64_t width() const { return count_ + (has_rare_ ? 1 : 0); }
  std::int64_t of_key(std::string_view key) const { return codes_.at(key); }
  /// Of one table, whose texts are looked up as they lie: a number is read once for each way to
  /// write it.
  std::int64_t of_field(const Table& table, std::int64_t row, std::int64_t column) {
    const std::string_view text = table.text(row, column);
    if (table.is_boolean(row, column)) {
      return of_text(table, row, column, text, key_of_bool(table, row, column, kind_, codes_));
    }
    if (kind_ == KeyKind::texts) return of_text(table, row, column, text, text);
    const auto known = read_.find(text);
    if (known != read_.end()) return known->second;
    const std::string key = key_of(text, kind_, table.options());
    return read_[text] = of_text(table, row, column, text, key);
  }

 private:
  std::int64_t of_text(const Table& table, std::int64_t row, std::int64_t column,
                       std::string_view text, std::string_view key) const {
    const auto found = codes_.find(key);
    if (found != codes_.end()) return found->second;
    if (unseen_ == Unseen::error) {
      table.fail(row, column,
                 "must be one of the " + std::to_string(codes_.size()) +
                     " categories of the training rows; got " + quoted(text));
    }
    return unseen_ == Unseen::rare && has_rare_ ? count_ : -1;
  }

  std::map<std::string_view, std::int64_t> codes_, read_;
  Unseen unseen_;
  KeyKind kind_;
  std::int64_t count_;
  bool has_rare_ = false;
};

/// Adds a key to a column in its place, without rows; among numbers a text is the last.
void insert(ColumnTexts& texts, const std::string& key) {
  const auto number = [](const std::string& text) {
    const auto [value, status] = kernels::number_in(text);
    return status == std::errc() ? value : std::numeric_limits<double>::infinity();
  };
  const auto place = texts.kind == KeyKind::texts
                         ? std::ranges::lower_bound(texts.keys, key)
                         : std::ranges::lower_bound(texts.keys, number(key), {}, number);
  if (place != texts.keys.end() && *place == key) return;
  texts.counts.insert(texts.counts.begin() + (place - texts.keys.begin()), 0);
  texts.keys.insert(place, key);
}

}  // namespace

std::int64_t encode(const FittedGroup& group, std::size_t which, const Table& table,
                    const FeatureColumns& to, std::int64_t feature) {
  Codes codes(group, which);
  const std::int64_t column = table.find(group.columns[which]);
  const bool hot = group.encoding == Encoding::one_hot;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const bool missing = table.missing(row, column);
    if (missing && group.missing == Missing::error) {
      table.fail(row, column, "a category is needed; the field is missing");
    }
    const std::int64_t code =
        missing ? codes.of_key(group.text_fills[which]) : codes.of_field(table, row, column);
    if (!hot) {
      to.put(row, feature, static_cast<double>(code < 0 ? codes.width() : code));
    } else if (code >= 0) {
      to.put(row, feature + code, 1);
    }
  }
  return hot ? codes.width() : 1;
}

FittedGroup fit(const Table& training, const CategoryColumns& options) {
  check_columns(training, options.columns);
  check_indicator(options.missing, options.indicator);
  xtape::detail::require_at_least("pipeline", "min_count", options.min_count, std::int64_t{1});
  if (options.missing == Missing::mean || options.missing == Missing::median) {
    refuse(
        "texts have no mean and no median; missing ones are filled in by the most frequent or a "
        "constant");
  }
  if (options.missing == Missing::constant && options.fill.empty()) {
    refuse("the fill of categories must not be empty");
  }
  FittedGroup group{.kind = FittedGroup::Kind::categories,
                    .columns = options.columns,
                    .missing = options.missing,
                    .indicator = options.indicator,
                    .encoding = options.encoding,
                    .unseen = options.unseen};
  for (const std::string& column : options.columns) {
    ColumnTexts texts = texts_of(training, column, options.missing != Missing::error);
    const std::int64_t missing =
        training.rows() - std::reduce(texts.counts.begin(), texts.counts.end(), std::int64_t{0});
    std::string fill;
    if (options.missing == Missing::constant) {
      fill = key_of(options.fill, texts.kind, training.options());
      insert(texts, fill);
    } else if (options.missing == Missing::most_frequent) {
      if (texts.keys.empty()) {
        refuse("column " + quoted(column) +
               ": a value is needed to fit to; all of the training rows are missing");
      }
      // Of equals the first text, of numbers too, as scikit-learn's SimpleImputer has it.
      const std::int64_t most = std::ranges::max(texts.counts);
      for (std::size_t i = 0; i < texts.keys.size(); ++i) {
        if (texts.counts[i] == most && (fill.empty() || texts.keys[i] < fill)) fill = texts.keys[i];
      }
    }
    Columns& categories = group.categories.emplace_back();
    Columns& rare = group.rare.emplace_back();
    for (std::size_t i = 0; i < texts.keys.size(); ++i) {
      // What fills in counts too: a category of which most rows are missing is not rare. One that
      // has a name of its own never is, so that what is missing is not taken for what is new.
      const bool fills = options.missing != Missing::error && texts.keys[i] == fill;
      const bool named = fills && options.missing == Missing::constant;
      const std::int64_t count = texts.counts[i] + (fills ? missing : 0);
      const bool is_rare = count < options.min_count && !named;
      (is_rare ? rare : categories).push_back(std::move(texts.keys[i]));
    }
    group.kinds.push_back(texts.kind);
    group.text_fills.push_back(std::move(fill));
  }
  return group;
}

}  // namespace xtape::data
