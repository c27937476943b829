// The learning rate of each step: warm-up, then a curve (optim/learning_curves.h). A pure function;
// it must not know optimizers.
#pragma once

#include <cstdint>

#include "optim/optimizer_config.h"

namespace pipetrain {

// Of step 0, 1, ...; `total_steps` is the end of a decay whose decay_steps are 0. Warm-up rises
// from learning_rate / (warmup_steps + 1); after decay_steps it stays at min_learning_rate.
double learning_rate_at(const OptimizerConfig& config, std::int64_t step, std::int64_t total_steps);

}  // namespace pipetrain
