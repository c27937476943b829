// Where a rank gathers the weights of its stages, which replicas share out, and drops them again.
// Pure; it must not know how weights are gathered.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain {

// Puts UNSHARD and RESHARD between the actions, which may be lowered or not: F, I, W, B and R all
// use their stage's weights (W too: norms look at them). When the stage in use changes, the one
// that is used after it begins to be gathered, and travels while the rank computes; any third
// makes room for it before. That drops the stage whose next use is farthest (Belady 1966), since
// the other two are in use and next. A stage is dropped after its last use in any case. With one
// or two stages per rank each is thus gathered once. Stages 0 and 4 of four ranks, then a third:
//   0UNSHARD 4UNSHARD 0F0 0F1 0RESHARD 8UNSHARD 4F0 4F1 4RESHARD 8F0 8F1 8RESHARD
Schedule add_shard_actions(const Schedule& schedule);

}  // namespace pipetrain
