#include <xtape/nn/module_dict.hpp>
#include <xtape/nn/module_list.hpp>

namespace xtape::nn {

template class ModuleList<AnyModule>;
template class ModuleDict<AnyModule>;

}  // namespace xtape::nn
