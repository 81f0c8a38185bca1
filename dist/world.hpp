#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/state.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/train/ranks.hpp>

XTAPE_EXPORT_BEGIN

/// Many processes that train one model, on MPI: the component `mpi`, target xtape::mpi.
namespace xtape::dist {

enum class Reduction { sum, minimum, maximum };

namespace detail {
struct Link;
}

/// The processes of a program that was started by mpirun, of which this one is number `rank()` of
/// `size()`. Started otherwise it is alone, MPI is not begun, and all functions cost nothing.
///
/// Functions that exchange something are called by all ranks, in the same order, on the thread that
/// made the world. They throw ValueError on all ranks where these call different ones, and for
/// arguments that differ between ranks where they say so; and for a world that has ended, on another
/// thread, and in an evaluation of a search on these ranks.
///
/// A rank that ends by an exception ends the others: nobody waits for it. One that catches it
/// outside of the world need do nothing more. Where it is caught while the world lives, all ranks
/// are to do the same, such as for a ValueError that all have: what they exchange is counted, and a
/// rank that waits for something which another has left the world without ends all with status 1.
/// Who waits for 5 seconds says so on stderr.
/// The destructor waits for all ranks, and ends MPI if the world began it; so does std::exit of a
/// program whose world lives.
class World final : public Ranks {
 public:
  /// Begins MPI, or joins MPI_COMM_WORLD if the program has begun it. Throws ValueError if there is
  /// such a world already, or if MPI has ended: it can begin once in a process.
  World(int& argc, char**& argv);
  World();  ///< the same, where the arguments of the program are not at hand
  /// The ranks of a communicator of the program's, an MPI_Comm, in one of the world's own. Throws
  /// ValueError if MPI has not begun or has ended, and for a null communicator: there are no worlds
  /// of no ranks.
  template <class Communicator>
  static World adopt(const Communicator& communicator) {
    return World(static_cast<const void*>(&communicator), sizeof(Communicator));
  }
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const override;
  int size() const override;

  /// Returns when all ranks have called it.
  void barrier() const;
  /// The sum, or the least or greatest, of each element over all ranks; the same bits on all of
  /// them. NaN of any rank gives NaN; -0 is less than 0.
  ///   x float32, float64 or int64, of one shape and dtype on all ranks; no derivative
  /// Throws DtypeError for boolean; ShapeError on all ranks if shapes or dtypes differ.
  Tensor all_reduce(const Tensor& x, Reduction reduction = Reduction::sum) const;
  /// What rank 0 has; others give anything of the same names, shapes and dtypes. Throws ValueError
  /// on all ranks where these differ, naming the first difference.
  NamedTensors broadcast(const NamedTensors& state) const override;
  std::string broadcast(const std::string& text) const override;
  /// The numbers of all ranks, as many each, rank 0's first. Throws ValueError on all ranks for
  /// unequal lengths, so does `sum`.
  std::vector<double> gather(std::span<const double> own) const override;
  /// Sums over all ranks, in place.
  void sum(std::span<double> numbers) const override;

  void hold(const std::string& why) const override;

  /// Throws ValueError on all ranks if a list of lines differs between them: "`what` must be the
  /// same on all ranks; got " and the first difference.
  void require_same(const std::string& what, const std::vector<std::string>& lines) const;

  /// Calls f. An exception from it is told on stderr, and ends the program on all ranks with status
  /// 1.
  template <class F>
  int run(const F& f) const {
    return run_function([&] { f(); });
  }
  /// Ends MPI if the world began it. Nothing can be exchanged afterwards.
  void finalize();

  // For the library's own use. Throws ValueError for a world that has ended.
  detail::Link& link() const;

 private:
  World(int* argc, char*** argv);
  World(const void* communicator, std::size_t bytes);
  void forget_whole();
  int run_function(const std::function<void()>& f) const;

  std::unique_ptr<detail::Link> link_;
};

/// Gives a model, an optimizer, a loader, or whatever has `state()` and `restore(state)`, the state
/// that rank 0's has.
/// Throws ValueError on all ranks, with nothing changed, if names, shapes, dtypes or an optimizer's
/// `settings()` differ, naming the first difference.
template <class Part>
requires requires(Part& part, const NamedTensors& state) {
  state.size() == part.state().size();
  part.restore(state);
}
void broadcast(Part& part, const World& world) {
  if constexpr (requires { part.settings(); })
    world.require_same("broadcast: settings", part.settings());
  static_cast<void>(world.link());
  if (world.size() > 1) part.restore(world.broadcast(part.state()));
}

}  // namespace xtape::dist

XTAPE_EXPORT_END
