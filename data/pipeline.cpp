#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/column_texts.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/pipeline_fitted.hpp>

namespace xtape::data {
namespace {

using kernels::quoted;

/// Throws, naming the place, for a label that says that there is none.
void check_label(const Table& table, std::int64_t row, std::int64_t column) {
  if (table.missing(row, column)) {
    table.fail(row, column, "a label is needed; the field is missing");
  }
  const std::string_view label = table.text(row, column);
  if (kernels::is_missing_label(label, {})) {
    table.fail(row, column, "a label is needed; got " + quoted(label));
  }
}

void check_labels(const Table& table, std::int64_t column) {
  for (std::int64_t row = 0; row < table.rows(); ++row) check_label(table, row, column);
}

/// The columns of a group as they were given.
const Columns& columns_of(const ColumnGroup& group) {
  return std::visit([](const auto& of) -> const Columns& { return of.columns; }, group);
}

ColumnTexts fit_target(const Table& training, const TargetColumn& target) {
  if (target.task == Task::regression) return {};
  check_labels(training, training.find(target.column));
  ColumnTexts classes = texts_of(training, target.column, false);
  if (classes.keys.size() < 2) {
    refuse("column " + quoted(target.column) + ": at least 2 classes are needed; got only " +
           quoted(classes.keys.front()));
  }
  return classes;
}

}  // namespace

void Pipeline::Fitted::name_features() {
  const auto is_column = [](const FittedGroup& group, std::size_t feature) {
    return (group.kind == FittedGroup::Kind::numbers ||
            (group.kind == FittedGroup::Kind::categories && group.encoding == Encoding::codes)) &&
           feature < group.columns.size();
  };
  std::set<std::string> taken;
  for (const FittedGroup& group : groups) {
    for (std::size_t i = 0; i < group.columns.size(); ++i) {
      if (is_column(group, i) && !taken.insert(group.columns[i]).second) {
        refuse("two features would be named " + quoted(group.columns[i]));
      }
    }
  }
  names.clear();
  for (const FittedGroup& group : groups) {
    const Columns own = group.names();
    for (std::size_t i = 0; i < own.size(); ++i) {
      std::string name = own[i];
      for (int k = 2; !is_column(group, i) && !taken.insert(name).second; ++k) {
        name = own[i] + "_" + std::to_string(k);
      }
      names.push_back(std::move(name));
    }
  }
}

std::vector<DatePart> DateColumns::days_alone() { return {DatePart::days}; }

Pipeline::Pipeline() = default;

Pipeline::Pipeline(const Table& training, const PipelineOptions& options) {
  detail::check_floating("pipeline", options.dtype);
  if (options.features.empty()) refuse("features are needed; got none");
  Fitted fitted;
  fitted.dtype = options.dtype;
  fitted.target = options.target;
  if (options.target) {
    training.find(options.target->column);
    for (const ColumnGroup& group : options.features) {
      const Columns& columns = columns_of(group);
      if (std::find(columns.begin(), columns.end(), options.target->column) != columns.end()) {
        refuse("what is to be learned, " + quoted(options.target->column) +
               ", must not be a feature");
      }
    }
  }
  std::set<std::string_view> in_groups;
  for (const ColumnGroup& group : options.features) {
    const Columns& columns = columns_of(group);
    for (const std::string& column : std::set(columns.begin(), columns.end())) {
      if (!in_groups.insert(*std::ranges::find(columns, column)).second) {
        refuse("column " + quoted(column) + " stands in two groups");
      }
    }
    fitted.groups.push_back(std::visit([&](const auto& of) { return fit(training, of); }, group));
  }
  fitted.name_features();
  if (options.target) {
    ColumnTexts classes = fit_target(training, *options.target);
    fitted.class_kind = classes.kind;
    fitted.classes = std::move(classes.keys);
  }
  fitted.form = {.missing = training.options().missing,
                 .decimal = training.options().decimal,
                 .thousands = training.options().thousands};
  fitted_ = std::make_shared<const Fitted>(std::move(fitted));
}

const Pipeline::Fitted& Pipeline::fitted() const {
  if (!fitted_) refuse("is fitted to nothing; it must be made from training rows, or restored");
  return *fitted_;
}

const std::vector<std::string>& Pipeline::feature_names() const& { return fitted().names; }
const std::vector<std::string>& Pipeline::class_names() const& { return fitted().classes; }

const FittedGroup& Pipeline::Fitted::group_of_categories(const std::string& column) const {
  for (const FittedGroup& group : groups) {
    if (group.kind == FittedGroup::Kind::categories &&
        std::ranges::find(group.columns, column) != group.columns.end()) {
      return group;
    }
  }
  refuse("there is no column of categories " + quoted(column));
}

std::vector<std::string> Pipeline::categories(const std::string& column) const {
  const FittedGroup& group = fitted().group_of_categories(column);
  const auto i =
      static_cast<std::size_t>(std::ranges::find(group.columns, column) - group.columns.begin());
  Columns names = group.categories[i];
  if (!group.rare[i].empty()) names.emplace_back("rare");
  return names;
}

std::int64_t Pipeline::code_count(const std::string& column) const {
  const bool bounded = fitted().group_of_categories(column).unseen == Unseen::error;
  return std::ssize(categories(column)) + (bounded ? 0 : 1);
}

Tensor Pipeline::features(const Table& given) const {
  const Fitted& of = fitted();
  const Table table = given.read_as(of.form);
  Tensor x = zeros({table.rows(), std::ssize(of.names)}, of.dtype);
  std::int64_t first = 0;
  for (const FittedGroup& group : of.groups) {
    group.features(table, x, first);
    first += std::ssize(group.names());
  }
  return x;
}

Tensor Pipeline::features(const TableRow& row) const {
  Columns lacking, surplus;
  TableRow needed;
  for (const FittedGroup& group : fitted().groups) {
    for (const std::string& column : group.columns) {
      const auto found = row.find(column);
      if (found == row.end()) {
        lacking.push_back(column);
      } else {
        needed.insert(*found);
      }
    }
  }
  for (const auto& [column, value] : row)
    if (!needed.contains(column)) surplus.push_back(column);
  if (!lacking.empty()) {
    refuse("the row must have " + kernels::listed(lacking) +
           (surplus.empty() ? ""
                            : "; what it has besides is not needed: " + kernels::listed(surplus)));
  }
  return features(Table(needed));
}

Tensor Pipeline::target(const Table& given) const {
  const Fitted& of = fitted();
  const Table table = given.read_as(of.form);
  if (!of.target) refuse("a target is needed; none was named when it was fitted");
  const std::int64_t column = table.find(of.target->column);
  check_labels(table, column);
  if (of.target->task == Task::regression) {
    Tensor y = table.numbers({of.target->column}, of.dtype);
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      if (std::isfinite(table.number(row, column))) continue;
      table.fail(row, column, "a label must be finite; got " + quoted(table.text(row, column)));
    }
    return y;
  }
  std::map<std::string_view, std::int64_t> codes;
  for (const std::string& name : of.classes) codes.emplace(name, std::ssize(codes));
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const std::string_view label = table.text(row, column);
    const auto found = codes.find(table.is_boolean(row, column)
                                      ? key_of_bool(table, row, column, of.class_kind, codes)
                                      : key_of(label, of.class_kind, table.options()));
    if (found == codes.end()) {
      table.fail(row, column,
                 "must be one of the " + std::to_string(codes.size()) +
                     " classes of the training rows; got " + quoted(label));
    }
    labels.push_back(found->second);
  }
  return from_vector(std::move(labels));
}

}  // namespace xtape::data
