// Finds ranks that were started with another version, command or configuration than the rest:
// messages of different sizes would follow, which MPI need not survive. It must not know what the
// keys mean.
#pragma once

#include <string>

#include "comm/collective.h"
#include "config/config.h"
#include "run_options.h"

namespace pipetrain {

// Collective. Empty if all ranks were started alike, else what differs and where, the same text on
// every rank.
std::string difference_at_start(const RunOptions& options, const Config& config,
                                Collective& collective);

}  // namespace pipetrain
