#pragma once
#include <span>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/state.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Processes that do something together: a dist::World. All call the same functions in the same
/// order.
class Ranks {
 public:
  virtual ~Ranks();
  virtual int rank() const = 0;  ///< of this process, from 0
  virtual int size() const = 0;

  /// The numbers of all ranks, as many each, rank 0's first.
  virtual std::vector<double> gather(std::span<const double> own) const = 0;
  /// Sums over all ranks, in place.
  virtual void sum(std::span<double> numbers) const = 0;
  /// What rank 0 has.
  virtual std::string broadcast(const std::string& text) const = 0;
  virtual NamedTensors broadcast(const NamedTensors& state) const = 0;

  /// While each rank does something of its own, "an evaluation of a search", nothing can be
  /// exchanged: it would meet what others exchange. Ends with an empty text.
  virtual void hold(const std::string& why) const { static_cast<void>(why); }
};

}  // namespace xtape

XTAPE_EXPORT_END
