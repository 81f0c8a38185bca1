#pragma once
#include <vector>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// What was assigned on this thread while it lived, with the value before: so that a function can be
/// computed again as it was, and without a second effect.
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
  static void note(const Tensor& leaf);

 private:
  std::vector<Write> writes_;
  WriteLog* outer_;
};

}  // namespace xtape::detail
