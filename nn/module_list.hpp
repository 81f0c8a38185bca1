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

/// Modules of one type, or any layers, which are its parts "0", "1", ...: what a vector of modules
/// would be, but registered.
/// ```
/// nn::ModuleList<Block> blocks = child("blocks", nn::ModuleList<Block>{Block(), Block()});
/// for (const Block& block : blocks) x = block(x);
/// ```
template <class M = AnyModule>
class ModuleList : public Module {
 public:
  ModuleList() = default;
  ModuleList(std::initializer_list<M> modules) {
    for (const M& module : modules) push_back(module);
  }
  ModuleList(const ModuleList&) = default;
  ModuleList(ModuleList&&) noexcept = default;
  /// Its modules come along, not one by one.
  ModuleList& operator=(const ModuleList& other);
  ~ModuleList() = default;

  /// Appends a module.
  void push_back(M module);

  std::size_t size() const { return modules_.size(); }
  using Module::operator[];
  /// To replace one, `list[2] = nn::Dense(4, 5)`. Throws IndexError.
  M& operator[](std::size_t i) { return modules_[checked(i)]; }
  const M& operator[](std::size_t i) const { return modules_[checked(i)]; }

  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }

 private:
  std::size_t checked(std::size_t i) const;

  std::vector<M> modules_;
};

template <class M>
ModuleList<M>& ModuleList<M>::operator=(const ModuleList& other) {
  std::vector<M> modules = other.modules_;
  Module::operator=(other);
  modules_.swap(modules);
  return *this;
}

template <class M>
void ModuleList<M>::push_back(M module) {
  modules_.reserve(modules_.size() + 1);
  modules_.push_back(child(std::to_string(modules_.size()), std::move(module)));
}

template <class M>
std::size_t ModuleList<M>::checked(std::size_t i) const {
  if (i < size()) return i;
  throw IndexError("module list: there are " + std::to_string(size()) + " modules; got index " +
                   std::to_string(i));
}

extern template class ModuleList<AnyModule>;

}  // namespace xtape::nn

XTAPE_EXPORT_END
