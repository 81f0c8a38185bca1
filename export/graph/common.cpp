#include <algorithm>
#include <set>

#include <xtape/export/graph/common.hpp>

namespace xtape::exporting {
namespace {

/// A recording, from one step that its results need to the next.
class Course {
 public:
  explicit Course(const Recording& of) : of_(of) {
    std::vector<bool> wanted(of.values.size());
    for (const int result : of.results) wanted[static_cast<std::size_t>(result)] = true;
    for (std::size_t i = of.steps.size(); i > 0; --i) {
      const RecordedStep& step = of.steps[i - 1];
      if (!wanted[static_cast<std::size_t>(step.result)] || is_constant(step.result)) continue;
      left_.push_back(static_cast<int>(i - 1));
      for (const int operand : step.operands) wanted[static_cast<std::size_t>(operand)] = true;
    }
  }

  bool is_constant(int value) const { return of_.values[static_cast<std::size_t>(value)].constant; }
  bool ended() const { return left_.empty(); }
  int number() const { return left_.back(); }
  const RecordedStep& step() const { return of_.steps[static_cast<std::size_t>(number())]; }
  bool is_contiguous() const { return !ended() && step().operation == "contiguous"; }
  /// The value whose elements it has.
  int origin(int value) const {
    const auto passed = same.find(value);
    return passed == same.end() ? value : passed->second;
  }
  int operand(std::size_t i) const { return origin(step().operands[i]); }
  int result(std::size_t i) const { return origin(of_.results[i]); }
  std::size_t results() const { return of_.results.size(); }
  void go() { left_.pop_back(); }
  void pass() {
    same[step().result] = operand(0);
    go();
  }
  std::string text() const { return ended() ? "nothing more" : described(step()); }

  std::unordered_map<int, int> same;

 private:
  const Recording& of_;
  std::vector<int> left_;  // the next one last
};

class Comparison {
 public:
  explicit Comparison(std::span<const Recording* const> recordings) {
    for (const Recording* of : recordings) all_.emplace_back(*of);
    // Inputs are the first values of each.
    const std::vector<RecordedValue>& values = recordings[0]->values;
    for (int i = 0; i < std::ssize(values); ++i) {
      const RecordedValue& value = values[static_cast<std::size_t>(i)];
      if (!value.constant && value.made_by < 0) known_.insert(Numbers(all_.size(), i));
    }
  }

  Common result() {
    while (!made_.difference &&
           std::ranges::any_of(all_, [](const Course& of) { return !of.ended(); })) {
      if (passes()) continue;
      add_step();
    }
    if (!made_.difference) add_results();
    for (Course& of : all_) made_.same.push_back(std::move(of.same));
    return std::move(made_);
  }

 private:
  template <class F>
  Numbers each(const F& f) const {
    Numbers numbers;
    for (const Course& of : all_) numbers.push_back(f(of));
    return numbers;
  }
  /// Whether they are all computed, and correspond, or all constants.
  bool alike(const Numbers& values) const {
    std::size_t constants = 0;
    for (std::size_t r = 0; r < all_.size(); ++r) constants += all_[r].is_constant(values[r]);
    return constants == all_.size() || (constants == 0 && known_.contains(values));
  }
  void differ(std::size_t recording, std::string first, std::string other) {
    made_.difference = Difference{recording, std::move(first), std::move(other)};
  }
  /// The first whose value is not the one that corresponds to the first recording's.
  std::size_t unlike(const Numbers& values) const {
    for (std::size_t r = 1; r < all_.size(); ++r) {
      const bool is_known = std::ranges::any_of(
          known_, [&](const Numbers& of) { return of[0] == values[0] && of[r] == values[r]; });
      const bool constant = all_[0].is_constant(values[0]);
      if (constant != all_[r].is_constant(values[r]) || (!constant && !is_known)) return r;
    }
    return all_.size() - 1;
  }

  /// Passes over copies that not all have.
  bool passes() {
    if (std::ranges::none_of(all_, &Course::is_contiguous)) return false;
    const auto operand = [](const Course& of) { return of.operand(0); };
    if (std::ranges::all_of(all_, &Course::is_contiguous) && known_.contains(each(operand)))
      return false;
    for (Course& of : all_)
      if (of.is_contiguous()) of.pass();
    return true;
  }

  void add_step() {
    const Course& first = all_[0];
    for (std::size_t r = 1; r < all_.size(); ++r) {
      const Course& other = all_[r];
      if (first.ended() || other.ended() || first.step().operation != other.step().operation)
        return differ(r, first.text(), other.text());
      const std::size_t count = first.step().operands.size();
      if (other.step().operands.size() != count)
        return differ(r, first.text() + " of " + std::to_string(count) + " operands",
                      other.text() + " of " + std::to_string(other.step().operands.size()));
    }
    CommonStep step{each([](const Course& of) { return of.number(); }),
                    each([](const Course& of) { return of.step().result; }),
                    {}};
    for (std::size_t i = 0; i < first.step().operands.size(); ++i) {
      step.operands.push_back(each([&](const Course& of) { return of.operand(i); }));
      if (alike(step.operands.back())) continue;
      const std::size_t r = unlike(step.operands.back());
      return differ(r, first.text(), all_[r].text() + " of another operand " + std::to_string(i));
    }
    known_.insert(step.result);
    made_.steps.push_back(std::move(step));
    for (Course& of : all_) of.go();
  }

  void add_results() {
    const std::size_t count = all_[0].results();
    for (std::size_t r = 1; r < all_.size(); ++r)
      if (all_[r].results() != count)
        return differ(r, std::to_string(count) + " results", std::to_string(all_[r].results()));
    for (std::size_t i = 0; i < count; ++i) {
      made_.results.push_back(each([&](const Course& of) { return of.result(i); }));
      if (!alike(made_.results.back()))
        return differ(unlike(made_.results.back()), "result " + std::to_string(i), "another one");
    }
  }

  std::vector<Course> all_;
  std::set<Numbers> known_;  // computed values that correspond
  Common made_;
};

}  // namespace

Common common_of(std::span<const Recording* const> recordings) {
  return Comparison(recordings).result();
}

std::string described(const RecordedStep& step) {
  std::string at = step.place.empty() ? "" : "in " + step.place;
  if (!step.line.empty()) at += (at.empty() ? "at " : ", at ") + step.line;
  return step.operation + (at.empty() ? "" : " (" + at + ")");
}

std::string described(const Tensors& tensors) {
  std::string text;
  for (const Tensor& x : tensors) text += (text.empty() ? "" : ", ") + x.describe();
  return text;
}

}  // namespace xtape::exporting
