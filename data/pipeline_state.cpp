#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/pipeline_fitted.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::data {
namespace {

using Integers = std::vector<std::int64_t>;
using Kind = FittedGroup::Kind;

constexpr std::int64_t version = 1;
constexpr std::int64_t text_end = -1, list_end = -2;

/// Lists of texts as the numbers of their bytes.
Tensor packed(const std::vector<Columns>& lists) {
  Integers numbers;
  for (const Columns& list : lists) {
    for (const std::string& text : list) {
      for (const char c : text) numbers.push_back(static_cast<unsigned char>(c));
      numbers.push_back(text_end);
    }
    numbers.push_back(list_end);
  }
  return from_vector(std::move(numbers));
}

[[noreturn]] void refuse_state(const std::string& what) {
  throw ValueError("pipeline: restore: " + what);
}

/// The entries of a state, each of which is taken once. A file may be anybody's: whatever
/// `features` relies on is checked here.
class Entries {
 public:
  explicit Entries(const NamedTensors& state) : left_(state) {}

  Tensor take(const std::string& name, Dtype dtype) {
    const auto found = std::find_if(left_.begin(), left_.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found == left_.end()) refuse_state("there is no entry " + kernels::quoted(name));
    const Tensor value = found->second;
    left_.erase(found);
    if (!value.defined() || value.dtype() != dtype) {
      refuse_state(kernels::quoted(name) + " must be " + std::string(to_string(dtype)) + "; got " +
                   (value.defined() ? value.describe() : "none"));
    }
    return value.detach().contiguous();
  }
  Integers integers(const std::string& name) {
    return take(name, Dtype::int64).to_vector<std::int64_t>();
  }
  std::vector<Columns> lists(const std::string& name) {
    std::vector<Columns> lists;
    Columns list;
    std::string text;
    bool in_list = false;
    for (const std::int64_t number : integers(name)) {
      in_list = number != list_end;
      if (number == list_end && text.empty()) {
        lists.push_back(std::exchange(list, {}));
      } else if (number == text_end) {
        list.push_back(std::exchange(text, {}));
      } else if (number >= 0 && number < 256) {
        text += static_cast<char>(number);
      } else {
        refuse_state(kernels::quoted(name) + " is no list of texts");
      }
    }
    if (in_list) refuse_state(kernels::quoted(name) + " is no list of texts");
    return lists;
  }
  void finish() const {
    if (!left_.empty())
      refuse_state("there must be no entry " + kernels::quoted(left_.front().first));
  }

 private:
  NamedTensors left_;
};

/// A choice among the first `count` of an enumeration.
template <class Choice>
Choice choice(std::int64_t number, Choice last) {
  if (number < 0 || number > static_cast<std::int64_t>(last))
    refuse_state("a setting is out of range");
  return static_cast<Choice>(number);
}

/// No mark is '\0'.
std::string written(const CsvMark& mark) {
  return mark.text().empty() ? std::string(1, '\0') : mark.text();
}
CsvMark mark(const std::string& text) {
  return text.size() == 1 ? CsvMark(text[0]) : CsvMark(text);
}

void require(bool holds) {
  if (!holds) refuse_state("its entries do not fit each other");
}

void add(NamedTensors& state, const std::string& prefix, const FittedGroup& group) {
  Integers settings{static_cast<std::int64_t>(group.kind), static_cast<std::int64_t>(group.missing),
                    group.indicator ? 1 : 0, static_cast<std::int64_t>(group.encoding),
                    static_cast<std::int64_t>(group.unseen)};
  for (const DatePart part : group.parts) settings.push_back(static_cast<std::int64_t>(part));
  for (const KeyKind kind : group.kinds) settings.push_back(static_cast<std::int64_t>(kind));
  std::vector<Columns> texts{group.columns, group.text_fills};
  texts.insert(texts.end(), group.categories.begin(), group.categories.end());
  texts.insert(texts.end(), group.rare.begin(), group.rare.end());
  if (!group.format.empty()) texts.push_back({group.format});
  state.emplace_back(prefix + "settings", from_vector(std::move(settings)));
  state.emplace_back(prefix + "texts", packed(texts));
  state.emplace_back(prefix + "fills", from_vector(group.fills));
  state.emplace_back(prefix + "scaling",
                     group.scaler ? stack({group.scaler->center(), group.scaler->scale()})
                                  : zeros({0}, Dtype::float64));
}

/// Texts of each column, which differ.
void check_categories(const FittedGroup& group) {
  for (std::size_t i = 0; i < group.columns.size(); ++i) {
    std::set<std::string> distinct(group.categories[i].begin(), group.categories[i].end());
    distinct.insert(group.rare[i].begin(), group.rare[i].end());
    require(!distinct.empty() &&
            distinct.size() == group.categories[i].size() + group.rare[i].size());
    require(group.missing == Missing::error || distinct.contains(group.text_fills[i]));
  }
}

FittedGroup group_of(Entries& entries, const std::string& prefix) {
  FittedGroup group;
  const Integers settings = entries.integers(prefix + "settings");
  require(settings.size() >= 5);
  group.kind = choice(settings[0], Kind::dates);
  group.missing = choice(settings[1], Missing::constant);
  group.indicator = choice(settings[2], 1) != 0;
  group.encoding = choice(settings[3], Encoding::codes);
  group.unseen = choice(settings[4], Unseen::rare);
  for (std::size_t i = 5; i < settings.size(); ++i) {
    if (group.kind == Kind::categories) {
      group.kinds.push_back(choice(settings[i], KeyKind::all_numbers));
    } else {
      group.parts.push_back(choice(settings[i], DatePart::minute));
    }
  }
  require(group.parts.empty() != (group.kind == Kind::dates));
  std::vector<Columns> texts = entries.lists(prefix + "texts");
  require(texts.size() >= 2 && !texts[0].empty());
  group.columns = std::move(texts[0]);
  group.text_fills = std::move(texts[1]);
  const std::size_t count = group.kind == Kind::categories ? group.columns.size() : 0;
  if (group.kind == Kind::dates && texts.size() == 3) {
    require(texts[2].size() == 1);
    group.format = std::move(texts[2][0]);
    detail::check_date_format(group.format);
    texts.pop_back();
  }
  require(texts.size() == 2 + 2 * count && group.text_fills.size() == count);
  require(group.kinds.size() == count);
  const auto middle = texts.begin() + 2 + static_cast<std::ptrdiff_t>(count);
  group.categories.assign(texts.begin() + 2, middle);
  group.rare.assign(middle, texts.end());
  if (count > 0) check_categories(group);
  const Tensor fills = entries.take(prefix + "fills", Dtype::float64);
  group.fills = fills.to_vector<double>();
  const std::int64_t width = std::ssize(group.columns) * group.numbers_of_column();
  const bool filled = count == 0 && group.missing != Missing::error;
  require(fills.shape() == Shape{filled ? width : 0});
  require(std::all_of(group.fills.begin(), group.fills.end(),
                      [](double fill) { return std::isfinite(fill); }));
  // A scaler is two rows; none is no element.
  const Tensor scaling = entries.take(prefix + "scaling", Dtype::float64);
  if (scaling.shape() == Shape{0}) return group;
  require(count == 0 && scaling.shape() == Shape{2, width});
  group.scaler = Scaler::fixed(scaling[0], scaling[1]);
  return group;
}

}  // namespace

NamedTensors Pipeline::state() const {
  if (!fitted_) return {};
  const Fitted& of = *fitted_;
  NamedTensors state{
      {"pipeline",
       from_vector(Integers{version, std::ssize(of.groups), of.dtype == Dtype::float64 ? 1 : 0,
                            of.target ? 1 + static_cast<std::int64_t>(of.target->task) : 0,
                            static_cast<std::int64_t>(of.class_kind)})},
      {"form", packed({of.form.missing,
                       Columns{std::string(1, of.form.decimal), written(of.form.thousands)}})},
      {"target", packed({of.target ? Columns{of.target->column} : Columns(), of.classes})}};
  for (std::size_t i = 0; i < of.groups.size(); ++i) {
    add(state, std::to_string(i) + ".", of.groups[i]);
  }
  return state;
}

void Pipeline::restore(const NamedTensors& state) {
  if (state.empty()) refuse_state("there are no entries");
  Entries entries(state);
  Fitted fitted;
  const Integers head = entries.integers("pipeline");
  require(!head.empty());
  if (head[0] != version) {
    refuse_state("version must be " + std::to_string(version) + "; got " + std::to_string(head[0]));
  }
  require(head.size() == 5);
  fitted.dtype = choice(head[2], 1) != 0 ? Dtype::float64 : Dtype::float32;
  std::vector<Columns> target = entries.lists("target");
  require(target.size() == 2 && target[0].size() == (head[3] == 0 ? 0U : 1U));
  if (head[3] != 0) fitted.target = {target[0][0], choice(head[3] - 1, Task::regression)};
  const bool classes = fitted.target && fitted.target->task == Task::classification;
  fitted.classes = std::move(target[1]);
  const std::set<std::string> distinct(fitted.classes.begin(), fitted.classes.end());
  fitted.class_kind = choice(head[4], KeyKind::all_numbers);
  std::vector<Columns> form = entries.lists("form");
  require(form.size() == 2 && form[1].size() == 2 && form[1][0].size() == 1 &&
          (form[1][1].size() == 1 || kernels::is_character(form[1][1])));
  fitted.form = {
      .missing = std::move(form[0]), .decimal = form[1][0][0], .thousands = mark(form[1][1])};
  require(classes ? distinct.size() >= 2 : distinct.empty());
  require(distinct.size() == fitted.classes.size());
  require(head[1] >= 1 && head[1] <= std::ssize(state));
  for (std::int64_t i = 0; i < head[1]; ++i) {
    fitted.groups.push_back(group_of(entries, std::to_string(i) + "."));
  }
  entries.finish();
  fitted.name_features();
  fitted_ = std::make_shared<const Fitted>(std::move(fitted));
}

void Pipeline::save(const std::string& path) const {
  fitted();
  save_npz(path, state());
}

Pipeline Pipeline::load(const std::string& path) {
  const NamedTensors state = load_npz(path);
  Pipeline pipeline;
  try {
    pipeline.restore(state);
  } catch (const Error& error) {
    throw IoError(path + ": " + error.what());
  }
  return pipeline;
}

}  // namespace xtape::data
