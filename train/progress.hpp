#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The course of a number that is told more and more often, in so many points: those of which there
/// are too many are joined two by two.
class Curve {
 public:
  explicit Curve(std::size_t points = 64) : points_(points < 2 ? 2 : points) {}

  /// Numbers that are not finite are left out.
  void add(double value);
  /// A picture in one line of so many letters: "▇▅▃▂▂▁▁▁", or "#*+-..." in ASCII.
  std::string drawn(std::size_t letters, bool unicode) const;

 private:
  std::size_t points_;
  std::vector<double> means_;  // each of `each_` numbers
  double sum_ = 0;
  std::int64_t each_ = 1, count_ = 0;
};

/// How far some work has come, how fast it goes and how long it will take yet, on the last line of
/// a terminal:
///   epoch 3/10 [=====>                  ]  25 %  98000 images/s  0:05 left  loss 0.41 ▇▅▃▂▂▁
/// Silent where the stream is no terminal: only the standard streams are.
class ProgressBar {
 public:
  /// For `total` things of a kind, such as "images"; 0: nobody knows how many.
  ProgressBar(std::int64_t total, std::string unit);
  ProgressBar(std::int64_t total, std::string unit, std::ostream& stream);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Counts `count` more as done. `title` says what is under way.
  void advance(std::int64_t count, const std::string& title);
  /// The same, without drawing; and whether it is time to draw again.
  void count(std::int64_t count) { done_ += count; }
  bool due() const;
  /// What is drawn behind the bar.
  void set_note(std::string note) { note_ = std::move(note); }

  /// Takes the line away, to print something else; the next `advance` may bring it back.
  void clear();

  double seconds() const;
  bool visible() const { return visible_; }
  bool unicode() const { return unicode_; }

 private:
  void draw(const std::string& title) const;

  std::int64_t total_, done_ = 0;
  std::string unit_, note_;
  std::ostream* stream_;
  bool visible_, unicode_;
  std::int64_t start_, drawn_ = 0;  // in nanoseconds of a clock that never goes back
};

}  // namespace xtape

XTAPE_EXPORT_END
