#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/nn/any_module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Modules of one type, or any layers, by names of their own, which are those of its parts; in the
/// order in which they came.
/// ```
/// nn::ModuleDict<> heads = child("heads", nn::ModuleDict<>());
/// heads.insert("age", nn::Dense(64, 1));
/// y = heads["age"](x);
/// ```
template <class M = AnyModule>
class ModuleDict : public Module {
 public:
  ModuleDict() = default;
  ModuleDict(std::initializer_list<std::pair<std::string, M>> modules) {
    for (const auto& [name, module] : modules) insert(name, module);
  }
  ModuleDict(const ModuleDict&) = default;
  ModuleDict(ModuleDict&&) noexcept = default;
  /// Its modules come along, not one by one.
  ModuleDict& operator=(const ModuleDict& other);
  ~ModuleDict() = default;

  /// Adds a module. Throws ValueError for a name that is empty, taken or has a dot.
  void insert(const std::string& name, M module);

  std::size_t size() const { return modules_.size(); }
  bool contains(const std::string& name) const { return place_of(name) < size(); }
  /// To replace one, `heads["age"] = nn::Dense(4, 5)`. Throws IndexError, naming what there is
  /// instead. (A parameter by its path: `heads.at("age")["weight"]`.)
  M& operator[](const std::string& name) { return modules_[checked(name)].second; }
  const M& operator[](const std::string& name) const { return modules_[checked(name)].second; }

  /// Pairs of a name and a module.
  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }

 private:
  std::size_t place_of(const std::string& name) const;
  std::size_t checked(const std::string& name) const;

  std::vector<std::pair<std::string, M>> modules_;
};

template <class M>
ModuleDict<M>& ModuleDict<M>::operator=(const ModuleDict& other) {
  std::vector<std::pair<std::string, M>> modules = other.modules_;
  Module::operator=(other);
  modules_.swap(modules);
  return *this;
}

template <class M>
void ModuleDict<M>::insert(const std::string& name, M module) {
  modules_.reserve(modules_.size() + 1);
  modules_.emplace_back(name, child(name, std::move(module)));
}

template <class M>
std::size_t ModuleDict<M>::place_of(const std::string& name) const {
  std::size_t place = 0;
  while (place < size() && modules_[place].first != name) ++place;
  return place;
}

template <class M>
std::size_t ModuleDict<M>::checked(const std::string& name) const {
  const std::size_t place = place_of(name);
  if (place < size()) return place;
  std::string names;
  for (const auto& one : modules_) names += (names.empty() ? "" : ", ") + one.first;
  throw IndexError("module dict: there is no \"" + name + "\", but " +
                   (names.empty() ? "nothing" : names));
}

extern template class ModuleDict<AnyModule>;

}  // namespace xtape::nn

XTAPE_EXPORT_END
