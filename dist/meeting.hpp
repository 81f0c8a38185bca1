#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include <xtape/dist/link.hpp>
#include <xtape/dist/together.hpp>
#include <xtape/train/hash_sums.hpp>

namespace xtape::dist::detail {

/// What a backward pass does.
constexpr const char* in_backward = "backward";

/// What stands before each exchange: the ranks tell each other what they are about to do, in one
/// message that is as long for all of them. So what one rank does without the others, or in another
/// order, is never added to something else.
class Meeting {
 public:
  /// Begins, and returns. `what` is "sum", `with` tells what must be the same beside, "3 numbers";
  /// some numbers are summed on the way. A meeting stays where it is until it is over.
  void begin(Link& link, const char* what, std::string with, std::span<const double> own = {});
  /// Waits for all ranks. Throws ValueError on all if they are about to do different things; ends
  /// them if one is in backward, which goes on without waiting.
  /// Returns what differs otherwise, "3 numbers on rank 0 and 4 numbers on rank 2", the same text on
  /// all ranks; empty if nothing does.
  std::string end();

  /// The sum of own[i].
  double sum(std::size_t i) const { return values_[xtape::detail::hash_numbers + i]; }
  static constexpr std::size_t most_sums = 6;

 private:
  std::string difference();

  Link* link_ = nullptr;
  std::string with_;
  Exchange exchange_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  std::array<double, xtape::detail::hash_numbers + most_sums> values_{};
};

/// One that is waited for.
std::string meet(Link& link, const char* what, std::string with = {});

}  // namespace xtape::dist::detail
