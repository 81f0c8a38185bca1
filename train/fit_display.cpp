#include <array>
#include <charconv>
#include <cmath>

#include <xtape/train/fit_display.hpp>

namespace xtape::detail {
namespace {

std::string four_digits(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> text;
  return {text.data(),
          std::to_chars(text.begin(), text.end(), value, std::chars_format::general, 4).ptr};
}

std::string title_of(std::int64_t epoch, std::int64_t epochs) {
  return "epoch " + std::to_string(epoch) + "/" + std::to_string(epochs);
}

}  // namespace

void FitDisplay::begin(std::int64_t total, const char* unit) {
  if (stream_ != nullptr) bar_ = std::make_unique<ProgressBar>(total, unit, *stream_);
}

void FitDisplay::batch(std::int64_t epoch, std::int64_t epochs, std::int64_t count, double loss) {
  if (!bar_ || !bar_->visible()) return;
  losses_.add(loss);
  if (bar_->due()) {
    constexpr std::size_t letters = 12;
    const std::string curve = losses_.drawn(letters, bar_->unicode());
    bar_->set_note(std::isnan(loss) ? "" : "loss " + four_digits(loss) + " " + curve);
    bar_->advance(count, title_of(epoch, epochs));
  } else {
    bar_->count(count);
  }
}

void FitDisplay::epoch(std::int64_t epoch, std::int64_t epochs, const std::vector<Metric>& row) {
  if (stream_ == nullptr) return;
  std::string line = title_of(epoch, epochs);
  for (const auto& [name, value] : row) {
    if (name == "seconds") continue;
    line += ", " + name + ": " + four_digits(value);
  }
  for (const auto& [name, value] : row)
    if (name == "seconds") line += ", " + four_digits(value) + " s";
  say(line);
}

void FitDisplay::say(const std::string& text) {
  if (stream_ != nullptr) say(text, *stream_);
}

void FitDisplay::say(const std::string& text, std::ostream& instead) {
  clear();
  (stream_ != nullptr ? *stream_ : instead) << text << std::endl;
}

void FitDisplay::clear() {
  if (bar_) bar_->clear();
}

}  // namespace xtape::detail
