#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/data/kernels/wire.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/report/event_writer.hpp>
#include <xtape/report/image_stack.hpp>
#include <xtape/report/kernels/course.hpp>
#include <xtape/report/kernels/crc32c.hpp>
#include <xtape/train/fit.hpp>

// Numbers of fields are those of tensorflow/core/util/event.proto and framework/summary.proto.
namespace xtape::report {
namespace {

using data::kernels::little_endian, data::kernels::Message;

double now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

Message event(std::int64_t step) {
  Message event;
  event.real(1, now()).integer(2, step);
  return event;
}

Message histogram_of(const std::vector<double>& values) {
  constexpr std::size_t buckets = 30;  // as many as TensorBoard shows
  const auto [low, high] = detail::value_range(values);
  std::vector<double> limits, finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  double sum = 0, squares = 0;
  for (const double value : finite) {
    sum += value;
    squares += value * value;
  }
  for (std::size_t i = 1; i <= buckets; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(buckets);
    limits.push_back(low * (1 - share) + high * share);
  }
  const auto greatest = std::max_element(finite.begin(), finite.end());
  Message histogram;
  histogram.real(1, finite.empty() ? 0.0 : low)
      .real(2, finite.empty() ? 0.0 : *greatest)
      .real(3, static_cast<double>(finite.size()))
      .real(4, sum)
      .real(5, squares)
      .reals(6, limits)
      .reals(7, kernels::counts(finite, low, high, buckets));
  return histogram;
}

}  // namespace

EventWriter::EventWriter(const std::string& folder) {
  static std::atomic<unsigned> count{0};
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto seconds = static_cast<std::int64_t>(now());
  const std::string start = folder + "/events.out.tfevents." + std::to_string(seconds) + "." +
                            host() + "." + std::to_string(::getpid()) + ".";
  int descriptor = -1;
  do {
    path_ = start + std::to_string(count++);
    descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  check(descriptor >= 0);
  file_.reset(::fdopen(descriptor, "ab"));
  if (!file_) ::close(descriptor);
  check(file_ != nullptr);
  write_record(Message().real(1, now()).string(3, "brain.Event:2").text());
}

EventWriter::~EventWriter() = default;

void EventWriter::scalar(const std::string& tag, double value, std::int64_t step) {
  write_summary(Message().string(1, tag).real(2, static_cast<float>(value)).text(), step);
}

void EventWriter::histogram(const std::string& tag, const Values& values, std::int64_t step) {
  write_summary(Message().string(1, tag).message(5, histogram_of(values.numbers())).text(), step);
}

void EventWriter::image(const std::string& tag, const Tensor& image, std::int64_t step) {
  const NoGradGuard off;
  const auto stack = detail::stack_of_one("event_writer", image);
  const kernels::Pixels pixels = stack.image(0);
  Message picture;
  picture.integer(1, stack.height)
      .integer(2, stack.width)
      .integer(3, static_cast<std::int64_t>(pixels.channels))
      .bytes(4, kernels::png(pixels));
  write_summary(Message().string(1, tag).message(4, picture).text(), step);
}

void EventWriter::text(const std::string& tag, const std::string& text, std::int64_t step) {
  constexpr std::int64_t string = 7;  // DT_STRING
  Message plugin, tensor;
  plugin.string(1, "text");
  tensor.integer(1, string)
      .message(2, Message().message(2, Message().integer(1, 1)))  // the shape [1]
      .string(8, text);
  write_summary(
      Message().string(1, tag).message(9, Message().message(1, plugin)).message(8, tensor).text(),
      step);
}

void EventWriter::write_summary(const std::string& value, std::int64_t step) {
  write_record(event(step).message(5, Message().bytes(1, value)).text());
}

// A record as TFRecord has it: length, its check, the bytes, their check.
void EventWriter::write_record(const std::string& bytes) {
  const std::string length = little_endian(bytes.size(), 8);
  const std::string record = length + little_endian(kernels::masked_crc32c(length), 4) + bytes +
                             little_endian(kernels::masked_crc32c(bytes), 4);
  check(std::fwrite(record.data(), 1, record.size(), file_.get()) == record.size() &&
        std::fflush(file_.get()) == 0);
}

void EventWriter::check(bool done) const {
  if (!done)
    throw IoError(path_ + ": cannot be written: " + std::generic_category().message(errno));
}

FitCallback log_to(EventWriter& writer) {
  return [&writer](FitEpoch& epoch) {
    const std::int64_t steps = epoch.steps(), at = steps > 0 ? steps : epoch.number();
    for (const auto& numbers : {epoch.metrics(), epoch.learning_rates()})
      for (const auto& [name, value] : numbers) writer.scalar(name, value, at);
  };
}

}  // namespace xtape::report
