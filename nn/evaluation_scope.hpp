#pragma once
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// While it lives, the model is in evaluation and nothing is recorded.
class Evaluation {
 public:
  explicit Evaluation(const nn::Module& model);
  ~Evaluation();
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

 private:
  NoGradGuard off_;
  nn::NamedModules modules_;  // parents before parts
  std::vector<bool> training_;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
