#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include <xtape/core/rng.hpp>
#include <xtape/data/dataset.hpp>

namespace xtape::data {

struct LoaderOptions {
  std::int64_t batch_size = 32;
  bool shuffle = false;    ///< each pass takes the rows in a new random order
  bool drop_last = false;  ///< leave out a last batch that is smaller than the others
};

/// A dataset in batches, a pass at a time:   `for (auto [x, y] : loader) ...`
///   x [batch, ...]   y [batch, ...], constants; views of the dataset unless shuffled
/// A loader that shuffles draws a seed from `rng` when it is made, and nothing later: its orders
/// follow from that alone.
/// Throws ShapeError unless x and y have the same number of rows, ValueError for a batch size below
/// 1.
class Loader {
 public:
  explicit Loader(const Dataset& dataset, const LoaderOptions& options = {},
                  Rng& rng = default_rng());

  /// Batches of a pass.
  std::int64_t size() const;
  /// Rows of a pass.
  std::int64_t samples() const;

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Dataset;
    using difference_type = std::ptrdiff_t;

    /// The batch, gathered anew by each call.
    Dataset operator*() const { return loader_->batch(order_, first_); }
    Iterator& operator++() {
      first_ += loader_->options_.batch_size;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, std::default_sentinel_t) {
      return i.first_ >= i.loader_->samples();
    }

   private:
    friend Loader;
    Iterator(const Loader* loader, Tensor order) : loader_(loader), order_(std::move(order)) {}

    const Loader* loader_;
    Tensor order_;  // of the rows in this pass; undefined if they are not shuffled
    std::int64_t first_ = 0;
  };

  /// Starts a pass, in a new order if the loader shuffles.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

 private:
  Dataset batch(const Tensor& order, std::int64_t first) const;

  Dataset dataset_;
  LoaderOptions options_;
  Rng rng_;
};

}  // namespace xtape::data
