#pragma once
#include <string>
#include <vector>

#include <xtape/report/plot.hpp>

namespace xtape::report::detail {

/// The numbers that an axis has to show.
struct Range {
  double least = 0, greatest = 0;
  bool any = false, whole = true;  // whether there are any, and all of them integers

  /// Numbers that have no place on the axis are left out.
  void add(double value, Scale scale);
};

struct Tick {
  double share;  // of the axis, from its start
  std::string label;
};

/// Whether numbers lie so near to each other that a double has no digits for places between them.
bool one_place(double least, double greatest);

/// An axis from one number to another.
class Axis {
 public:
  /// With some space at the ends that `limits` leave open; at most about so many ticks.
  Axis(Scale scale, const Range& range, const Limits& limits, double margin);

  double low() const { return low_; }
  double high() const { return high_; }
  /// Where a number is, 0 at the start and 1 at the end; NaN for what has no place.
  double share(double value) const;
  std::vector<Tick> ticks(double wanted) const;
  /// What is to be added to the labels of the ticks, "+1.7e9", where they would have too many
  /// digits; empty otherwise.
  std::string offset_label() const;

 private:
  bool single_decade() const;
  void set_offset();
  std::vector<Tick> linear_ticks(double wanted) const;
  std::vector<Tick> log_ticks(double wanted) const;

  Scale scale_;
  double low_, high_;
  double offset_ = 0, offset_unit_ = 1;  // a few digits times a power of ten
  bool whole_;
};

/// A number with the digits that a step of `step` needs: "0.25", "1200", "3e-7".
std::string tick_label(double value, double step);

}  // namespace xtape::report::detail
