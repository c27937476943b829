// What every command that runs a pipeline does first, on all ranks: read the configuration, open
// the data on rank 0, settle threads, find the checkpoint to go on from, and set the model up. It
// must not know what fits together (setup/run_setup.h does), MPI, or what is run afterwards.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/binding.h"
#include "base/processors.h"
#include "base/start_times.h"
#include "comm/collective.h"
#include "comm/grid.h"
#include "comm/wait.h"
#include "config/config.h"
#include "data/source.h"
#include "setup/layout.h"
#include "setup/resume_point.h"
#include "setup/run_setup.h"
#include "setup/threads.h"
#include "setup/world.h"

namespace pipetrain {

// What a run is told.
struct RunOptions {
  std::string config;                  // the file
  std::vector<std::string> overrides;  // "key.path=value"
  ResumeRequest resume;
  std::string memory_limit;  // per rank, as "16GiB"; empty: what is free
  Binding bind = Binding::kCores;
  bool progress = true;  // bars, where there is a terminal
  bool trains = true;    // else what training alone needs is not asked for
};

// A rank as it is before anything is known of the run.
struct RankAtStart {
  Collective& world;
  RankPlace place;      // its threads are not settled yet
  std::string crowded;  // why waits must leave their core to others at once; empty: they need not
  StartTimes times = {};
  ProcessorSet host_processors = {};  // what the ranks of this host may run on, together
  // Gives the waits of `world` the time limit of the configuration, once it is known.
  std::function<void(double seconds)> limit_waits = [](double) {};
};

struct Startup {
  Config config;
  Grid grid{1, 1, 1, 1};
  WaitOptions wait;
  World world;
  ThreadNotes threads;
  std::unique_ptr<Source> source;  // on rank 0
  DataFacts data;
  ResumePoint resume;
  SetupInputs inputs;
  std::unique_ptr<const ModelSetup> model;
  StartTimes times;                   // so far
  std::vector<std::string> warnings;  // on rank 0, of the model on these ranks
};

// Makes the run directory, or takes possession of it.
using TakeDirectory = std::function<void(const Config&)>;

// The configuration that the options name, with the length of rows that its model implies.
Config read_config(const RunOptions& options);

// Collective, as the next one; what is wrong on any rank makes all leave, as agree() does. All but
// the model: for a grid of `ranks` ranks, whether they run now or not.
Startup open_inputs(const RankAtStart& rank, const RunOptions& options, int ranks);

// The model as it was before any rank has laid it out.
std::unique_ptr<const ModelSetup> model_anew(const Startup& started);

// For a run on all ranks of the world. Rank 0 takes the directory; without one, nothing is trained.
Startup start_run(const RankAtStart& rank, const RunOptions& options,
                  const TakeDirectory& take_directory);

}  // namespace pipetrain
