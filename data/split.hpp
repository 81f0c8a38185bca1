#pragma once
#include <cstdint>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

/// Splits into what a model learns from and what it is judged by, as row numbers. The test set of
/// n rows has round(test_share * n), halves rounded up. Row numbers ascend; which ones are drawn
/// follows from the generator alone.
namespace xtape::data {

/// Rows to train on and rows to test on: int64, ascending.
struct Fold {
  Tensor train, test;
};

struct BlockOptions {
  std::int64_t gap = 0;    ///< rows on each side of a test block that are not trained on either
  bool past_only = false;  ///< train only on what lies before the test block
};

/// Test rows drawn from all rows, each as likely as any other; the others to train on.
/// Throws ValueError unless 0 < test_share < 1 and both sets get a row.
Fold random_split(std::int64_t rows, double test_share, Rng& rng = default_rng());
Split random_split(const Dataset& dataset, double test_share, Rng& rng = default_rng());

/// The same with the share kept in each class: n labels of a class give test_share * n of them to
/// the test set, rounded down or up so that the sum is that of all rows.
///   labels int64 or boolean [n], or one-hot [n, classes]; of a dataset its y
/// Throws as random_split; ShapeError, DtypeError for other labels, ValueError for a row that is
/// not one-hot.
Fold stratified_split(const Tensor& labels, double test_share, Rng& rng = default_rng());
Split stratified_split(const Dataset& dataset, double test_share, Rng& rng = default_rng());

/// The last rows are the test set, the first ones, but for the gap between, to train on: for rows
/// in the order of time.
/// Throws as random_split; ValueError for a negative gap or one that leaves nothing to train on.
Fold block_split(std::int64_t rows, double test_share, const BlockOptions& options = {});
Split block_split(const Dataset& dataset, double test_share, const BlockOptions& options = {});

/// k folds for cross-validation: each row is in the test set of one, drawn at random, and trained
/// on in the others. Sizes of test sets differ by at most one, the first ones being larger. Every
/// fold holds all row numbers, 8 rows k bytes together: with k = rows, each row left out once, 8
/// rows^2.
/// Throws ValueError unless 2 <= k <= rows.
std::vector<Fold> k_fold(std::int64_t rows, std::int64_t k, Rng& rng = default_rng());

/// The same with the share of each class kept: its counts in the test sets differ by at most one
/// too.
///   labels as for stratified_split
/// Throws as that; ValueError unless k is at least 2 and at most the rows of the smallest class.
std::vector<Fold> stratified_k_fold(const Tensor& labels, std::int64_t k, Rng& rng = default_rng());

/// k folds whose test sets are blocks of neighbours, in their order: for rows in the order of time,
/// whose neighbours know too much of each other. Sizes differ by at most one, the first ones being
/// larger.
/// With past_only the rows make k + 1 blocks, of which the first is trained on only.
/// Throws ValueError unless k >= 2 and there are as many rows as blocks; for a negative gap, or one
/// that leaves a fold nothing to train on.
std::vector<Fold> blocked_k_fold(std::int64_t rows, std::int64_t k,
                                 const BlockOptions& options = {});

/// Of a dataset, each fold as two sets: in the memory of k - 1 more. Classes are those of its y.
std::vector<Split> k_fold(const Dataset& dataset, std::int64_t k, Rng& rng = default_rng());
std::vector<Split> stratified_k_fold(const Dataset& dataset, std::int64_t k,
                                     Rng& rng = default_rng());
std::vector<Split> blocked_k_fold(const Dataset& dataset, std::int64_t k,
                                  const BlockOptions& options = {});

/// These rows of x and y; views of the dataset if they are neighbours in order, copies otherwise.
/// Throws ShapeError if x and y differ in rows, or unless the indices are [n]; DtypeError unless
/// they are int64, IndexError for one out of range. Negative ones count from the end.
Dataset rows(const Dataset& dataset, const Tensor& indices);
/// Both sets of a fold.
Split split(const Dataset& dataset, const Fold& fold);

}  // namespace xtape::data

XTAPE_EXPORT_END
