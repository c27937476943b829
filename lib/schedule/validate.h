// Checks that a schedule is one: complete, ordered, free of deadlock.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain {

// Every stage of every rank has each microbatch's F once and its backward once (B, or I then W),
// only its owner's stages appear, and some order of execution satisfies all dependencies. Else
// Error(kConfiguration): one line, and in its detail the grid with the first wrong action marked.
// `forward_only`
// accepts a schedule without any backward.
void validate(const Schedule& schedule, bool forward_only = false);

}  // namespace pipetrain
