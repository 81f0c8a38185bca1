#pragma once
#include <cstdint>

#include <xtape/xtape.hpp>

/// What the plugin offers. Program and plugin share one xtape, or hold a copy of it each.
struct Plugin {
  double (*train)();                                   // loss after some steps
  double (*share)();                                   // 4e6, by several threads
  void (*fail)();                                      // throws ShapeError
  bool (*recording)();                                 // as the plugin's copy sees it
  std::int64_t (*live_bytes)();                        // of the plugin's copy
  xtape::Tensor (*make)(std::int64_t n);               // a constant of n numbers
  xtape::Tensor (*weight)();                           // a leaf that requires a gradient
  xtape::Tensor (*loss)(const xtape::Tensor& weight);  // recorded in the plugin
};
