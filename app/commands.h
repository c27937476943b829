// One function per command: options in, exit code out.
#pragma once

#include "comm/mpi/error_report.h"
#include "comm/mpi/session.h"
#include "options.h"

namespace pipetrain {

int train_command(const MpiSession& session, ErrorReport& report, const RunOptions& options);
int bench_command(const MpiSession& session, ErrorReport& report, const RunOptions& options);

}  // namespace pipetrain
