#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/levels.hpp>
#include <xtape/core/watch.hpp>

namespace xtape::detail {

void AttributeText::operator()(const char* name, const std::string& value) {
  text += (text.empty() ? "" : " ") + std::string(name) + "=" + value;
}
void AttributeText::operator()(const char* name, bool value) {
  (*this)(name, std::string(value ? "true" : "false"));
}
void AttributeText::operator()(const char* name, std::int64_t value) {
  (*this)(name, std::to_string(value));
}
void AttributeText::operator()(const char* name, double value) {
  (*this)(name, detail::text(value));
}

Watcher::Watcher() : outer_(std::exchange(levels.watcher, this)) {}
Watcher::~Watcher() { levels.watcher = outer_; }

void Watcher::tell(const Step& step) {
  Watcher* const first = levels.watcher;
  const Unwatched quiet;  // what watchers compute themselves
  for (Watcher* watcher = first; watcher != nullptr; watcher = watcher->outer_)
    watcher->computed(step);
}

Unwatched::Unwatched() : before_(std::exchange(levels.watcher, nullptr)) {}
Unwatched::~Unwatched() { levels.watcher = before_; }

}  // namespace xtape::detail
