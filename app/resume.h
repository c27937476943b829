// Which checkpoint a run goes on from. It must not know what is loaded from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "comm/collective.h"
#include "comm/mpi/error_report.h"
#include "config/config.h"
#include "run_options.h"

namespace pipetrain {

struct ResumePoint {
  std::string folder;  // empty: there is none yet, or nobody asked
  TrainingPosition position;
  std::optional<Config> config;      // the checkpoint's, if it has one
  std::vector<std::string> refused;  // on rank 0: why newer ones were not taken
  std::string curve;                 // what is to be said of the learning rate's; mostly empty
};

// Collective. Rank 0 looks, and checks all that it takes: the checkpoint that was named, or the
// newest good one of the run directory. Error(kCheckpoint) if there are some, but none is good.
ResumePoint find_resume_point(const RunOptions& options, const Config& config,
                              Collective& collective, ErrorReport& report);

}  // namespace pipetrain
