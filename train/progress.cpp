#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include <xtape/train/progress.hpp>

namespace xtape {
namespace {

std::int64_t now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

/// The descriptor of a standard stream; negative of others.
int descriptor(const std::ostream& stream) {
  if (&stream == &std::cout) return STDOUT_FILENO;
  return &stream == &std::cerr || &stream == &std::clog ? STDERR_FILENO : -1;
}

bool is_terminal(const std::ostream& stream) {
  const int number = descriptor(stream);
  return number >= 0 && isatty(number) == 1;
}

/// As the C library decides it: the first of these that is set.
bool shows_unicode() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text = value;
    return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos;
  }
  return false;
}

std::size_t width_of(int number) {
  winsize size{};
  if (ioctl(number, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Texts are in UTF-8.
bool begins_letter(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

std::size_t letters_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_letter));
}

std::string first_letters(const std::string& text, std::size_t letters) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (!begins_letter(text[i])) continue;
    if (letters == 0) break;
    --letters;
  }
  return text.substr(0, i);
}

std::string formatted(const char* format, auto... values) {
  std::array<char, 256> text;
  const int length = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), text.size() - 1)};
}

}  // namespace

void Curve::add(double value) {
  if (!std::isfinite(value)) return;
  sum_ += value;
  if (++count_ < each_) return;
  means_.push_back(std::exchange(sum_, 0) / static_cast<double>(std::exchange(count_, 0)));
  if (means_.size() < points_) return;
  for (std::size_t i = 0; i + 1 < means_.size(); i += 2)
    means_[i / 2] = (means_[i] + means_[i + 1]) / 2;
  means_.resize(means_.size() / 2);
  each_ *= 2;
}

std::string Curve::drawn(std::size_t letters, bool unicode) const {
  constexpr std::array<const char*, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<const char*, 8> ascii{"_", ".", "-", "~", "=", "+", "*", "#"};
  if (means_.empty()) return {};
  const auto [least, most] = std::minmax_element(means_.begin(), means_.end());
  const double range = *most - *least;
  std::string text;
  const std::size_t shown = std::min(letters, means_.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const double part = range > 0 ? (means_[i * means_.size() / shown] - *least) / range : 0;
    const auto level = std::min<std::size_t>(static_cast<std::size_t>(part * 8), 7);
    text += unicode ? blocks[level] : ascii[level];
  }
  return text;
}

ProgressBar::ProgressBar(std::int64_t total, std::string unit)
    : ProgressBar(total, std::move(unit), std::cout) {}

ProgressBar::ProgressBar(std::int64_t total, std::string unit, std::ostream& stream)
    : total_(total),
      unit_(std::move(unit)),
      stream_(&stream),
      visible_(is_terminal(stream)),
      unicode_(shows_unicode()),
      start_(now()) {}

double ProgressBar::seconds() const { return static_cast<double>(now() - start_) * 1e-9; }

bool ProgressBar::due() const { return visible_ && now() - drawn_ >= 100'000'000; }

void ProgressBar::advance(std::int64_t count, const std::string& title) {
  done_ += count;
  if (!due()) return;
  drawn_ = now();
  draw(title);
}

void ProgressBar::clear() {
  if (visible_) *stream_ << "\r\033[K" << std::flush;
}

void ProgressBar::draw(const std::string& title) const {
  const double rate = static_cast<double>(done_) / std::max(seconds(), 1e-9);
  const std::size_t columns = width_of(descriptor(*stream_)) - 1;
  std::string rest = formatted("  %.0f %s/s", rate, unit_.c_str()), bar;
  const std::string note = note_.empty() ? "" : "  " + note_;
  if (total_ > 0) {
    const double part = std::min(static_cast<double>(done_) / static_cast<double>(total_), 1.0);
    const auto left =
        std::max(static_cast<long>(static_cast<double>(total_ - done_) / std::max(rate, 1e-9)), 0L);
    rest = formatted(" %3.0f %%", 100 * part) + rest +
           formatted("  %ld:%02ld left", left / 60, left % 60);
    constexpr std::size_t least = 6, most = 24;  // it gives way to what there is to read
    const std::size_t others = title.size() + 3 + rest.size() + letters_of(note);
    const std::size_t width = std::clamp(columns - std::min(columns, others), least, most);
    bar.assign(static_cast<std::size_t>(part * static_cast<double>(width)), '=');
    if (bar.size() < width) bar += '>';
    bar = " [" + bar + std::string(width - bar.size(), ' ') + "]";
  }
  *stream_ << '\r' << first_letters(title + bar + rest + note, columns) << "\033[K" << std::flush;
}

}  // namespace xtape
