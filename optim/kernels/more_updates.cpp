#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update_loop.hpp>

namespace xtape::kernels {

#define XTAPE_COMPILED_DECAYED(Rule) \
  XTAPE_COMPILED(Rule)               \
  XTAPE_COMPILED(Decayed<Rule>)
#define XTAPE_COMPILED_SHRUNK(Rule) \
  XTAPE_COMPILED_DECAYED(Rule)      \
  XTAPE_COMPILED(Shrunk<Rule>)
XTAPE_COMPILED_DECAYED(DampedMomentum)
XTAPE_COMPILED_DECAYED(DampedBufferedMomentum)
XTAPE_COMPILED_DECAYED(CentredRMSprop)
XTAPE_COMPILED_DECAYED(RMSpropMomentum)
XTAPE_COMPILED_DECAYED(CentredRMSpropMomentum)
XTAPE_COMPILED_DECAYED(AdadeltaRule)
XTAPE_COMPILED_DECAYED(AdamaxRule)
XTAPE_COMPILED_SHRUNK(NAdamRule)
XTAPE_COMPILED_SHRUNK(RAdamRule)
XTAPE_COMPILED(LionRule)
XTAPE_COMPILED(Shrunk<LionRule>)
#undef XTAPE_COMPILED_SHRUNK
#undef XTAPE_COMPILED_DECAYED
#undef XTAPE_COMPILED

}  // namespace xtape::kernels
