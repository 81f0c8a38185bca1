#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace xtape::detail {

/// Means by name, over what they are told.
class Means {
 public:
  struct Entry {
    std::string name;
    double sum = 0, weight = 0;
    double mean() const { return sum / weight; }
  };

  /// Entries come in the same order again and again: where the last one was, the next is near. A
  /// mean over none is no number, and changes nothing.
  void add(const std::string& name, double value, double weight) {
    Entry& entry = at(name);
    if (weight == 0) return;
    entry.sum += value * weight;
    entry.weight += weight;
  }
  Entry& at(const std::string& name) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const std::size_t place =
          next_ + i < entries_.size() ? next_ + i : next_ + i - entries_.size();
      if (entries_[place].name != name) continue;
      next_ = place + 1 < entries_.size() ? place + 1 : 0;
      return entries_[place];
    }
    next_ = 0;
    return entries_.emplace_back(Entry{name});
  }
  /// Null where nothing was told.
  const Entry* find(const std::string& name) const {
    for (const Entry& entry : entries_)
      if (entry.weight != 0 && entry.name == name) return &entry;
    return nullptr;
  }
  void clear() {
    for (Entry& entry : entries_) entry.sum = entry.weight = 0;
    next_ = 0;
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

}  // namespace xtape::detail
