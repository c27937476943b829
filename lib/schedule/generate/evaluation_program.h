// What the ranks execute for one batch of an evaluation. Pure; it must not know what is evaluated.
#pragma once

#include "schedule/program.h"
#include "schedule/schedule.h"

namespace pipetrain {

// Forwards alone, on the stages of `schedule`; where they have two copies, on the first ones, as
// all ranks are at work then. Replicas that gather weights together do so in one
// order, however many microbatches each has; one that has none takes part. `features` as those of
// training, of which nothing is recomputed.
Program evaluation_program(const Schedule& schedule, int microbatches, const Features& features);

}  // namespace pipetrain
