#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <xtape/core/tensor.hpp>
#include <xtape/dist/link.hpp>
#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/together.hpp>

namespace xtape::dist::detail {

/// The sum that ranks make of bfloat16.
class NarrowSum {
 public:
  NarrowSum();
  ~NarrowSum();
  NarrowSum(const NarrowSum&) = delete;
  NarrowSum& operator=(const NarrowSum&) = delete;
  MPI_Op op() const { return op_; }

 private:
  MPI_Op op_ = MPI_OP_NULL;
};

/// Gradients of some parameters that travel together: of one dtype, side by side, and behind them
/// for each a number that tells whether any rank has it.
class Bucket {
 public:
  /// `sizes`: elements of each parameter.
  Bucket(Dtype dtype, const std::vector<std::int64_t>& sizes, Wire wire);
  /// Waits for what is on its way.
  ~Bucket();
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;

  Dtype dtype() const { return dtype_; }
  std::size_t count() const { return present_.size(); }
  /// What one rank sends.
  std::int64_t bytes() const;

  /// Adds weight times a gradient to what came before.
  void add(std::size_t place, const Tensor& gradient, double weight);
  /// Sums over ranks; `start` begins and returns, `done` looks whether it is over, `wait` waits for
  /// that.
  void start(Link& link);
  bool done();
  void wait();
  /// A part of the sum, divided by a number; undefined where no rank had any.
  Tensor part(std::size_t place, const Shape& shape, double by) const;
  /// Forgets what came.
  void clear();

 private:
  template <class T>
  T* data();
  void fill_gaps();

  Dtype dtype_;
  std::vector<std::int64_t> offsets_;  // of each, and of the end
  std::vector<bool> present_;          // on this rank
  std::vector<float> float32_;
  std::vector<double> float64_;
  std::vector<std::uint16_t> narrow_;  // what travels, if that is not the former
  // Where sums come: Open MPI has better ways than a tree, but takes them from one place to another
  // alone.
  std::vector<float> float32_sums_;
  std::vector<double> float64_sums_;
  std::vector<std::uint16_t> narrow_sums_;
  std::optional<NarrowSum> narrow_sum_;
  std::vector<MPI_Request> requests_;  // one for each message
  bool started_ = false;
  Link* link_ = nullptr;  // since then
  Exchange exchange_;
};

}  // namespace xtape::dist::detail
