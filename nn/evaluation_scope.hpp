#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// While it lives, the model is in evaluation. A module that is told `train` or `eval` in the
/// meantime stays as it was told.
class EvaluationScope {
 public:
  explicit EvaluationScope(const nn::Module& model);
  ~EvaluationScope();
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  struct Before {
    std::shared_ptr<const nn::Module> module;
    bool training;
    std::int64_t said;
  };
  std::vector<Before> before_;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
