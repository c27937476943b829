// What the ranks of a run execute: the forecast of memory reads it as the run itself does. It must
// not know how steps are run.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "schedule/program.h"
#include "setup/layout.h"

namespace pipetrain {

// Whether each replica keeps only its share of the weights.
bool shards_parameters(const Config& config);

Program training_program(const Config& config, const Layout& layout);
// Of a batch of which the replica has this many microbatches; may be 0.
Program evaluation_program(const Config& config, const Layout& layout, int microbatches);

// Of the activations that pass from one stage to the next, the largest microbatch's; of one number
// where there is one stage.
std::int64_t largest_message_bytes(const Config& config, const ModelSetup& model,
                                   const Partition& partition);

}  // namespace pipetrain
