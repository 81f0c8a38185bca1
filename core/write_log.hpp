#pragma once
#include <vector>

#include <xtape/core/levels.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// What was assigned on this thread while it lived, with the value before: so that a function can
/// be computed again as it was, and without a second effect.
class WriteLog {
 public:
  struct Write {
    Tensor leaf, before;
  };

  WriteLog();
  ~WriteLog();
  WriteLog(const WriteLog&) = delete;
  WriteLog& operator=(const WriteLog&) = delete;

  const std::vector<Write>& writes() const { return writes_; }
  /// Gives each leaf the value that it had before.
  void undo() const;

  /// A leaf is about to get another value.
  static void note(const Tensor& leaf) {
    if (levels.log != nullptr) [[unlikely]]
      levels.log->note_here_and_outside(leaf);
  }

 private:
  void note_here_and_outside(const Tensor& leaf);

  std::vector<Write> writes_;
  WriteLog* outer_;
};

}  // namespace xtape::detail
