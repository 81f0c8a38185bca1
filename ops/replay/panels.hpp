#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

struct Action;

/// Operations on the rows of matrices, carried out panel by panel of some rows: the first of each makes
/// what the others read.
class Panels {
 public:
  /// Each part fills a result, of its first operand's rows, or is loops.
  Panels(std::int64_t rows, std::vector<Action> parts);
  ~Panels();
  Panels(const Panels&) = delete;
  Panels& operator=(const Panels&) = delete;

  void run();

 private:
  struct Part;
  void run_panel(std::int64_t first, std::int64_t last);

  std::int64_t rows_, panel_;
  std::vector<Part> parts_;
};

}  // namespace xtape::detail
