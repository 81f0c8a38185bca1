#pragma once
#include <cstdlib>
#include <optional>
#include <string_view>

#include <xtape/xtape.hpp>

#include "program.hpp"

#if __has_include(<xtape/dist/overlapped.hpp>)
#include <xtape/dist/overlapped.hpp>
#define EXAMPLE_HAS_MPI 1
#else
#define EXAMPLE_HAS_MPI 0
#endif

/// The processes that train a model together: those that mpirun has started, or this one alone.
class Processes {
 public:
  /// Throws UsageError for several where the library was built without MPI, and for one of several
  /// that mpirun has started.
  explicit Processes(bool several) {
    const char* started = std::getenv("OMPI_COMM_WORLD_SIZE");
    if (!several && started != nullptr && std::string_view(started) != "1")
      throw UsageError{"mpirun",
                       "needs --data-parallel: each process would train a model of its own"};
#if EXAMPLE_HAS_MPI
    if (several) world_.emplace();
#else
    if (several) throw UsageError{"--data-parallel", "the library was built without MPI"};
#endif
  }
  bool first() const { return part().index == 0; }
  /// Of each batch.
  xtape::data::Part part() const {
#if EXAMPLE_HAS_MPI
    if (world_) return {world_->rank(), world_->size()};
#endif
    return {};
  }
  /// What a Fit of this model asks.
  xtape::FitRanks* of([[maybe_unused]] const xtape::nn::Module& model) {
#if EXAMPLE_HAS_MPI
    if (world_) return &overlapped_.emplace(model, *world_);
#endif
    return nullptr;
  }

 private:
#if EXAMPLE_HAS_MPI
  std::optional<xtape::dist::World> world_;
  std::optional<xtape::dist::Overlapped> overlapped_;
#endif
};
