// When each rank looks up its rows of an embedding whose table is over the pipeline, and adds to
// their gradients. Pure; it must not know how rows travel.
#pragma once

#include <vector>

#include "schedule/placement.h"
#include "schedule/schedule.h"

namespace pipetrain {

// The places that a microbatch's rows pass on their way to the first stage, from that stage's own
// outwards: the last of these begins, and each one writes the rows that it has. The gradient goes
// the other way. So a rank sends and receives as much as between two stages, however many there are
// (an all-reduce in Yeung et al. 2024, arXiv 2411.05288, section 3).
std::vector<int> embedding_chain(const Placement& placement);

// Puts EMBED_F of every microbatch, and of training EMBED_B, among what lower() has made, so that
// rows travel while ranks compute: if F, I, W, R, S and T all took as long, place h of the chain
// would look up 2 h such actions before F of the first stage, and add to gradients 2 h actions
// after that stage's I. Each receive is posted with the action before. All stand in one order of
// time, so nothing can deadlock that did not before. Two ranks:
//   0EMBED_F0 0F0 ...             0EMBED_B0 follows 0I0 and its W
//   1EMBED_F0 1EMBED_F1 1F0 ...   and 1EMBED_B0 comes two actions later
Schedule add_embedding_actions(const Schedule& schedule);

}  // namespace pipetrain
