// What a run's checkpoints say of where they come from: the program, the command, the data. It must
// not know how they are written.
#pragma once

#include <string>

#include "checkpoint/manifest.h"
#include "config/config.h"
#include "data/source.h"
#include "setup/world.h"

namespace pipetrain {

// All but the date. Error(kData) if a file of the data cannot be read.
RunOrigin run_origin(const Config& config, const Source& source, const World& world,
                     const std::string& program, const std::string& command);

std::string utc_date();  // now, as "2026-01-31T12:00:00Z"

}  // namespace pipetrain
