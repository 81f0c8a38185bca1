#include <algorithm>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/write_log.hpp>

namespace xtape::detail {

WriteLog::WriteLog() : outer_(std::exchange(levels.log, this)) {}
WriteLog::~WriteLog() { levels.log = outer_; }

void WriteLog::undo() const {
  for (const Write& write : writes_) replace_value(write.leaf, write.before);
}

void WriteLog::note_here_and_outside(const Tensor& leaf) {
  for (WriteLog* log = this; log != nullptr; log = log->outer_) {
    const bool known =
        std::any_of(log->writes_.begin(), log->writes_.end(),
                    [&](const Write& write) { return &write.leaf.body() == &leaf.body(); });
    if (!known) log->writes_.push_back({leaf, off_tape(leaf, "")});
  }
}

}  // namespace xtape::detail
