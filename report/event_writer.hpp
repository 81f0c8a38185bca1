#pragma once
#include <cstdint>
#include <cstdio>
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/report/values.hpp>
#include <xtape/train/fit_options.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

/// What TensorBoard shows of a run: `tensorboard --logdir runs`, with a folder below `runs` for
/// each.
/// ```
/// report::EventWriter events("runs/first");
/// events.scalar("loss", loss.item(), step);
/// Fit fit(model, optimizer, loader, loss, {.on_epoch = {report::log_to(events)}});
/// ```
/// Each function has written when it returns. What is no UTF-8 in a tag or a text is replaced, for
/// readers refuse a whole file for it. Throws IoError for what cannot be written.
class EventWriter {
 public:
  /// Makes the folder if need be, and a new file in it, events.out.tfevents.*.
  explicit EventWriter(const std::string& folder);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// As float32, which is what TensorBoard reads.
  void scalar(const std::string& tag, double value, std::int64_t step);
  /// How values of any shape are distributed; those that are not finite are left out.
  void histogram(const std::string& tag, const Values& values, std::int64_t step);
  /// An image as `save_png` takes it. Throws as that.
  void image(const std::string& tag, const Tensor& image, std::int64_t step);
  /// Markdown.
  void text(const std::string& tag, const std::string& text, std::int64_t step);

  const std::string& path() const { return path_; }

 private:
  static void close(std::FILE* file) noexcept { std::fclose(file); }
  void write_record(const std::string& bytes);
  void write_summary(const std::string& value, std::int64_t step);
  void check(bool done) const;

  std::string path_;
  Owned<std::FILE, close> file_;
};

/// A callback of Fit: writes all metrics of an epoch, or on a batch what they are so far, and the
/// optimizer's learning rates, over the steps made; of loops that step themselves over the epochs.
/// The writer must live as long.
FitCallback log_to(EventWriter& writer);

}  // namespace xtape::report

XTAPE_EXPORT_END
