#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/batch_source.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/sampler.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

template <class Batch>
class Prefetch;

/// What is done to each batch, such as augmentation. What it draws, it draws from `rng`. If batches
/// are made ahead it runs on another thread, at the same time as the loop.
template <class Batch>
using BatchTransform = std::function<Batch(const Batch& batch, Rng& rng)>;
using Transform = BatchTransform<Dataset>;

/// Which part of each batch a loader deals out, where several processes train a model together.
struct Part {
  std::int64_t index = 0;
  std::int64_t count = 1;
};

template <class Batch>
struct BatchOptions {
  std::int64_t batch_size = 32;
  bool shuffle = false;                  ///< each pass takes the rows in a new random order
  Sampler sampler = {};                  ///< or those that are drawn
  bool drop_last = false;                ///< leave out a last batch that is smaller than the others
  BatchTransform<Batch> transform = {};  ///< applied to each batch, with nothing recorded
  std::int64_t prefetch = 0;  ///< batches made ahead of the current one, on a thread of the pass
  /// Of several loaders alike, one for each part: batches of `part.count` times `batch_size` rows,
  /// of which this one has a part, and the others the others; of a last one that is smaller about
  /// as many, or none.
  Part part = {};
};
using LoaderOptions = BatchOptions<Dataset>;
using TensorLoaderOptions = BatchOptions<TensorList>;
using NamedLoaderOptions = BatchOptions<NamedDataset>;

/// Makes a sample, a row of a dataset without the leading axis, from its number, such as an image
/// from its file. If batches are made ahead it runs on another thread.
template <class Batch>
using SampleFunction = std::function<Batch(std::int64_t row)>;

/// Data in batches, a pass at a time: see Loader, TensorLoader and NamedLoader.
///   [batch, ...] of each tensor, constants; views of the data unless shuffled or transformed
/// A loader that shuffles, samples or transforms, or whose data a function makes or a source reads,
/// draws a seed from `rng` when it is made, and nothing later. The order of a pass follows from that
/// and the number of the pass; what is drawn where a batch is made, by the `rng` of a transform and
/// by `default_rng()`, which is another then, from that and the number of the batch, counted over
/// all passes. So batches are the same however many are made ahead, and in a run that is resumed.
/// Throws ShapeError unless all tensors have the same number of rows, and a sampler as many;
/// ValueError for a batch size below 1, a negative prefetch, no tensors, both a sampler and
/// shuffling, a part that there is not, and fewer rows than parts.
template <class Batch>
class BatchLoader {
 public:
  explicit BatchLoader(const Batch& data, const BatchOptions<Batch>& options = {},
                       Rng& rng = default_rng());
  /// Data that are made when they are needed: by a function, each sample anew in each pass, with
  /// nothing recorded. Batches are stacks of samples. Throws ValueError for a negative number of
  /// rows, and where a batch is made ShapeError, DtypeError or ValueError for samples that are
  /// unlike.
  BatchLoader(std::int64_t rows, SampleFunction<Batch> sample,
              const BatchOptions<Batch>& options = {}, Rng& rng = default_rng());

  /// Data that are read when they are needed, a batch at once: a BatchSource, or what becomes one,
  /// as a FileDataset does. A loader that shuffles takes its blocks in a random order, and mixes
  /// rows within its window. Throws ValueError as `Sampler::blocks`, and where a batch is made
  /// ShapeError for another number of rows.
  template <class Source>
  requires std::convertible_to<const Source&, BatchSource<Batch>>
  explicit BatchLoader(const Source& source, const BatchOptions<Batch>& options = {},
                       Rng& rng = default_rng()) {
    read_from(source, options, rng);
  }

  /// Batches of a pass.
  std::int64_t size() const;
  /// Rows of a pass, of all parts.
  std::int64_t samples() const;
  /// That of each batch.
  Part part() const;
  /// What loaders have in common that order rows alike, whatever their seeds: 0 as they lie, 1
  /// shuffled as one, else a hash of the sampler, or of the blocks and the window of a source.
  std::int64_t ordering() const;
  /// All rows, in their order; of samples that a function makes, and of a source, none.
  const Batch& data() const;
  /// A number that tells its data from others: of tensors by 1 MiB of each at most, spread over it;
  /// of what a function makes or a source reads by eight rows, each made twice, with the default
  /// generator set anew and put back: if any differs, by their form alone.
  std::int64_t fingerprint() const;

  class Iterator;
  /// Starts a pass, in a new order if the loader shuffles.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

  /// Where the loader stands: "seed", "rows", "batch_size" of all parts, "pass", "batch",
  /// "drop_last" and "transform", 1 where there is one, and "ordering", int64. In a pass, that is
  /// the pass and the number of batches taken from it; a pass is over when its iterator is at the
  /// end, or gone.
  NamedTensors state() const;
  /// Goes on from there, with the same data and options: the next pass starts behind the batches
  /// that were taken. Throws ValueError, ShapeError or DtypeError, with nothing changed, for a
  /// state of another form, other numbers of rows or options, rows that are ordered otherwise,
  /// or a place that there is not. Of a state without "ordering" the order is not compared.
  void restore(const NamedTensors& state);

 private:
  struct Source;  // what all passes share
  struct Pass {
    Batch batch(std::int64_t number) const;

    std::shared_ptr<const Source> source;
    std::shared_ptr<const detail::RowOrder> order;  // null if they are not shuffled
    std::uint64_t before = 0;                       // batches of the passes before
  };

  void read_from(BatchSource<Batch> source, const BatchOptions<Batch>& options, Rng& rng);

  std::shared_ptr<const Source> source_;
  std::uint64_t pass_ = 0;               // the number of the next one
  std::int64_t skipped_ = 0;             // batches at its front
  std::weak_ptr<std::int64_t> running_;  // batches taken from the pass before, while it goes on
};

/// A place in a pass. It may outlive the loader, and be left before the end: batches that are being
/// made ahead are then given up, once the one in the making is done.
template <class Batch>
class BatchLoader<Batch>::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  /// The batch, made anew by each call unless it was made ahead. Throws what the transform throws,
  /// ShapeError if that returns different numbers of rows, IndexError at the end of the pass.
  Batch operator*() const;
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) {
    return i.number_ >= i.count_;
  }

 private:
  friend BatchLoader;
  Iterator(Pass pass, std::int64_t first);

  static void end(Prefetch<Batch>* prefetch) noexcept;

  Pass pass_;
  std::int64_t number_, count_;
  std::shared_ptr<std::int64_t> taken_;  // batches, for the loader; null at the end
  Owned<Prefetch<Batch>, end> ahead_;
};

extern template class BatchLoader<Dataset>;
extern template class BatchLoader<TensorList>;
extern template class BatchLoader<NamedDataset>;

/// A dataset in batches: `for (auto [x, y] : loader) ...`
class Loader : public BatchLoader<Dataset> {
 public:
  using BatchLoader::BatchLoader;
};

/// Any number of tensors in batches: `for (const TensorList& batch : loader) model(batch[0],
/// batch[1]);`
class TensorLoader : public BatchLoader<TensorList> {
 public:
  using BatchLoader::BatchLoader;
};

/// Tensors by name in batches: `for (const NamedDataset& batch : loader) model(batch["image"]);`
class NamedLoader : public BatchLoader<NamedDataset> {
 public:
  using BatchLoader::BatchLoader;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
