// How many messages of a rank can be under way at once: with the size of one, a bound on the memory
// they hold. It must not know how a message travels or how long anything takes.
#pragma once

#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

struct MessageBound {
  int forward = 0, backward = 0;  // activations and gradients sent to other ranks
};

// Per sending rank, the most of its sends that can at once be not yet received, over all executions
// in which every rank keeps its order. A send counts until the action that consumes it has run; one
// to the rank itself does not count, nor do those to and from pieces of the vocabulary. The bound
// is reached: when a send happens while the others have done only what it depends on, but for what
// those pieces are waited for.
std::vector<MessageBound> max_outstanding_sends(const Schedule& lowered);

}  // namespace pipetrain
