#pragma once

#include <memory>

#include "workloads.hpp"

namespace bench {

/// A workload's network and training step written with xtape's public interface, as a user would.
class XtapeModel {
 public:
  explicit XtapeModel(const Problem& problem);
  ~XtapeModel();

  XtapeModel(const XtapeModel&) = delete;
  XtapeModel& operator=(const XtapeModel&) = delete;

  /// One step; returns the loss before the update, the L2 penalty included.
  float step();

 protected:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// The same, compiled.
class ReplayedModel : XtapeModel {
 public:
  explicit ReplayedModel(const Problem& problem);
  ~ReplayedModel();
  float step();

 private:
  struct Replay;
  std::unique_ptr<Replay> replay_;
};

}  // namespace bench
