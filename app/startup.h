// The start of a run (setup/startup.h) on MPI's ranks, and what is said of it in the log.
#pragma once

#include "comm/mpi/error_report.h"
#include "comm/mpi/session.h"
#include "setup/startup.h"

namespace pipetrain {

// Binds the rank, so it goes ahead of all that computes.
RankAtStart rank_at_start(const MpiSession& session, ErrorReport& report, Binding binding);

// start_run, with a line for each warning.
Startup start(const MpiSession& session, ErrorReport& report, const RunOptions& options,
              const TakeDirectory& take_directory = {});

void log_notes(const ThreadNotes& notes);
// What is odd about threads and data, once all is checked.
void log_oddities(const Startup& started);

}  // namespace pipetrain
