#pragma once
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

/// How far some work has come, how fast it goes and how long it will take yet, on the last line of
/// a terminal:
///   epoch 3/10 [=====>                  ]  25 %  98000 images/s  0:05 left
/// Silent where the standard output is no terminal.
class ProgressBar {
 public:
  /// For `total` things of a kind, such as "images".
  ProgressBar(std::int64_t total, std::string unit)
      : total_(total), unit_(std::move(unit)), visible_(isatty(STDOUT_FILENO) == 1) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Counts `count` more as done. `title` says what is under way.
  void advance(std::int64_t count, const std::string& title) {
    done_ += count;
    const auto now = Clock::now();
    if (!visible_ || now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    draw(title);
  }

  /// Takes the line away, to print something else; the next `advance` may bring it back.
  void clear() {
    if (visible_) std::fputs("\r\033[K", stdout);
  }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  void draw(const std::string& title) const {
    constexpr int width = 24;
    const double part =
        static_cast<double>(done_) / static_cast<double>(std::max<std::int64_t>(total_, 1));
    const double rate = static_cast<double>(done_) / std::max(seconds(), 1e-9);
    const auto left = static_cast<long>(static_cast<double>(total_ - done_) / std::max(rate, 1e-9));
    std::string bar(static_cast<std::size_t>(part * width), '=');
    if (bar.size() < width) bar += '>';
    std::printf("\r%s [%-*s] %3.0f %%  %.0f %s/s  %ld:%02ld left\033[K", title.c_str(), width,
                bar.c_str(), 100 * part, rate, unit_.c_str(), left / 60, left % 60);
    std::fflush(stdout);
  }

  std::int64_t total_, done_ = 0;
  std::string unit_;
  bool visible_;
  Clock::time_point start_ = Clock::now(), drawn_{};
};
