#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/train/checkpoint.hpp>

XTAPE_EXPORT_BEGIN

/// Where the batches of a run come from: loaders, and other ranges that may be gone through again.
namespace xtape::detail {

template <class Loader>
using BatchOf = std::remove_cvref_t<decltype(*std::begin(std::declval<Loader&>()))>;

/// What there is a loader of the library's for.
template <class Batch>
inline constexpr bool loadable =
    std::same_as<Batch, data::Dataset> || std::same_as<Batch, data::TensorList> ||
    std::same_as<Batch, data::NamedDataset>;

template <class Batch>
using LoaderFor = std::conditional_t<std::same_as<Batch, data::Dataset>, data::Loader,
                                     std::conditional_t<std::same_as<Batch, data::TensorList>,
                                                        data::TensorLoader, data::NamedLoader>>;

/// How many samples a batch is; 1 where that is not known.
double samples_of(const data::Dataset& batch);
double samples_of(const data::TensorList& batch);
double samples_of(const data::NamedDataset& batch);
template <class Batch>
double samples_of(const Batch&) {
  return 1;
}

/// The tensors of a set by their names, or places.
NamedTensors named(const data::Dataset& set);
NamedTensors named(const data::NamedDataset& set);
NamedTensors named(const data::TensorList& set);

/// The data of a loader; none where a function makes them.
NamedTensors named(const data::BatchLoader<data::Dataset>& loader);
template <class Batch>
NamedTensors named(const data::BatchLoader<Batch>& loader) {
  return named(loader.data());
}

/// A number that tells the tensors of some batches from others.
std::int64_t fingerprint_of_batches(const NamedTensors& some);

/// A vector of batches, or the like: they are there, and not made.
template <class Loader>
concept Stored = requires(Loader& loader) {
  loader.size();
  requires std::is_lvalue_reference_v<decltype(loader[std::size_t{0}])>;
};

/// Passes over the training data, whatever a batch is.
class FitSource {
 public:
  virtual ~FitSource() = default;

  /// Starts a pass, or goes on with the one that was paused or restored.
  virtual void start() = 0;
  virtual bool at_end() const = 0;
  virtual void advance() = 0;
  /// Ends the pass.
  virtual void leave() = 0;
  /// Leaves the pass such that `start` goes on with it, behind so many batches.
  virtual void pause(std::int64_t batches) = 0;

  /// Batches and samples of a pass; 0 where they are not known.
  virtual std::int64_t size() const = 0;
  virtual std::int64_t samples() const = 0;
  /// The data, where there is a loader of the library's.
  virtual NamedTensors tensors() const = 0;
  /// A number that tells the data from others; 0 where they are not known.
  virtual std::int64_t fingerprint() const = 0;
  /// That of each batch, where it is known.
  virtual std::optional<data::Part> part() const = 0;
  /// How rows are ordered, where there is a loader of the library's.
  virtual std::optional<std::int64_t> ordering() const = 0;
  virtual void add_to(Checkpoint& checkpoint) = 0;
  /// Of a loader that has one; else nothing.
  virtual NamedTensors state() const = 0;
  virtual void restore(const NamedTensors& state) = 0;
};

template <class Batch>
class BatchPasses : public FitSource {
 public:
  virtual Batch current() = 0;
};

template <class Loader>
class SourceOf final : public BatchPasses<BatchOf<Loader>> {
 public:
  using Batch = BatchOf<Loader>;
  explicit SourceOf(Loader& loader) : loader_(loader) {}

  void start() override {
    place_.emplace(std::begin(loader_));
    for (; skipped_ > 0 && !at_end(); --skipped_) ++*place_;
    skipped_ = 0;
  }
  bool at_end() const override { return !place_ || *place_ == std::end(loader_); }
  void advance() override { ++*place_; }
  void leave() override { place_.reset(); }
  void pause(std::int64_t batches) override {
    if constexpr (data::Stateful<Loader>) {
      const NamedTensors here = loader_.state();
      leave();
      loader_.restore(here);
    } else {
      leave();
      skipped_ = batches;
    }
  }
  Batch current() override { return **place_; }

  std::int64_t size() const override {
    if constexpr (requires { loader_.size(); }) return static_cast<std::int64_t>(loader_.size());
    return 0;
  }
  std::int64_t samples() const override {
    if constexpr (requires { loader_.samples(); }) return loader_.samples();
    return 0;
  }
  NamedTensors tensors() const override {
    if constexpr (std::derived_from<Loader, data::BatchLoader<data::Dataset>> ||
                  std::derived_from<Loader, data::BatchLoader<data::TensorList>> ||
                  std::derived_from<Loader, data::BatchLoader<data::NamedDataset>>) {
      return named(loader_);
    } else {
      return {};
    }
  }
  std::int64_t fingerprint() const override {
    if constexpr (requires {
                    { loader_.fingerprint() } -> std::same_as<std::int64_t>;
                  }) {
      return loader_.fingerprint();
    } else if constexpr (loadable<Batch> && Stored<Loader>) {
      const auto count = static_cast<std::size_t>(loader_.size());
      NamedTensors some{{"count", number(static_cast<std::int64_t>(count))}};
      for (std::size_t i = 0; i < count; i += 1 + count / 64)
        for (const NamedTensor& one : named(loader_[i])) some.push_back(one);
      return fingerprint_of_batches(some);
    }
    return 0;
  }
  std::optional<data::Part> part() const override {
    if constexpr (requires {
                    { loader_.part() } -> std::convertible_to<data::Part>;
                  })
      return loader_.part();
    return {};
  }
  std::optional<std::int64_t> ordering() const override {
    if constexpr (requires {
                    { loader_.ordering() } -> std::same_as<std::int64_t>;
                  })
      return loader_.ordering();
    return {};
  }
  void add_to(Checkpoint& checkpoint) override {
    if constexpr (data::Stateful<Loader>) checkpoint.add("loader", loader_);
  }
  NamedTensors state() const override {
    if constexpr (data::Stateful<Loader>) return loader_.state();
    return {};
  }
  void restore([[maybe_unused]] const NamedTensors& state) override {
    if constexpr (data::Stateful<Loader>) loader_.restore(state);
  }

 private:
  Loader& loader_;
  std::optional<decltype(std::begin(std::declval<Loader&>()))> place_;
  std::int64_t skipped_ = 0;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
