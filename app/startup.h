// What every command that runs a pipeline does first, on all ranks: read the configuration, open
// the data on rank 0, settle threads, and set the model up. It must not know what fits together
// (setup/run_setup.h does), nor what is run afterwards.
#pragma once

#include <cstdint>
#include <memory>

#include "comm/grid.h"
#include "comm/mpi/error_report.h"
#include "comm/mpi/session.h"
#include "data/source.h"
#include "resume.h"
#include "run_options.h"
#include "setup/layout.h"
#include "setup/run_setup.h"
#include "setup/world.h"
#include "threads.h"
#include "train/run_directory.h"

namespace pipetrain {

struct Startup {
  Config config;
  Grid grid{1, 1, 1, 1};
  ThreadNotes threads;  // see log_oddities
  World world;
  std::unique_ptr<Source> source;           // on rank 0
  std::unique_ptr<RunDirectory> directory;  // on rank 0, if wanted
  DataFacts data;
  ResumePoint resume;
  std::unique_ptr<const ModelSetup> model;
  WaitOptions wait;
};

// The configuration that the options name, with the length of rows that its model implies.
Config read_config(const RunOptions& options);

// All but the model: for a grid of `ranks` ranks, whether they run now or not.
Startup open_inputs(const MpiSession& session, ErrorReport& report, const RunOptions& options,
                    int ranks);

Startup start(const MpiSession& session, ErrorReport& report, const RunOptions& options,
              bool makes_run_directory);

// What is odd about threads and data, once all is checked.
void log_oddities(const Startup& started);

}  // namespace pipetrain
