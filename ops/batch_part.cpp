#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/scope.hpp>
#include <xtape/ops/batch_part.hpp>

namespace xtape {
namespace {

thread_local BatchPart* innermost = nullptr;

}  // namespace

BatchPart::BatchPart(std::int64_t first, std::int64_t rows, std::int64_t total)
    : first_(first), rows_(rows), total_(total), outer_(nullptr) {
  if (first < 0 || rows < 0 || total < 0 || rows > total || first > total - rows) {
    throw ValueError("batch_part: rows must lie within a batch; got " + std::to_string(rows) +
                     " from " + std::to_string(first) + " of " + std::to_string(total));
  }
  outer_ = std::exchange(innermost, this);
}

BatchPart::~BatchPart() { detail::unlink(innermost, *this, &BatchPart::outer_); }

const BatchPart* BatchPart::current() noexcept { return innermost; }

}  // namespace xtape
