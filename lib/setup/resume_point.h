// Which checkpoint a run goes on from. It must not know what is loaded from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "comm/collective.h"
#include "config/config.h"

namespace pipetrain {

struct ResumeRequest {
  bool asked = false;  // to go on from a checkpoint, if there is one
  std::string folder;  // that one; empty: the newest of the run directory
};

struct ResumePoint {
  std::string folder;  // empty: there is none yet, or nobody asked
  TrainingPosition position;
  std::optional<Config> config;      // the checkpoint's, if it has one
  std::vector<std::string> refused;  // on rank 0: why newer ones were not taken
  std::string curve;                 // what is to be said of the learning rate's; mostly empty
};

// Collective. Rank 0 looks, and checks all that it takes: the checkpoint that was named, or the
// newest good one of the run directory. Leaves with Error(kCheckpoint), as agree() does, if there
// are some, but none is good.
ResumePoint find_resume_point(const ResumeRequest& request, const std::string& run_directory,
                              Collective& world);

}  // namespace pipetrain
