#include <xtape/nn/module_list.hpp>

namespace xtape::nn {

template class ModuleList<AnyModule>;

}  // namespace xtape::nn
