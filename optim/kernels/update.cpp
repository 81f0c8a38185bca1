#include <xtape/optim/kernels/update_loop.hpp>

// The rules that most programs use; the others are in more_updates.cpp.

namespace xtape::kernels {

#define XTAPE_COMPILED_DECAYED(Rule) \
  XTAPE_COMPILED(Rule)               \
  XTAPE_COMPILED(Decayed<Rule>)
XTAPE_COMPILED_DECAYED(GradientDescent)
XTAPE_COMPILED_DECAYED(Momentum)
XTAPE_COMPILED_DECAYED(Nesterov)
XTAPE_COMPILED_DECAYED(BufferedMomentum)
XTAPE_COMPILED_DECAYED(BufferedNesterov)
XTAPE_COMPILED_DECAYED(AdagradRule)
XTAPE_COMPILED_DECAYED(RMSpropRule)
XTAPE_COMPILED_DECAYED(AdamRule)
XTAPE_COMPILED_DECAYED(AMSGradRule)
XTAPE_COMPILED(AdamWRule)
#undef XTAPE_COMPILED_DECAYED
#undef XTAPE_COMPILED

}  // namespace xtape::kernels
