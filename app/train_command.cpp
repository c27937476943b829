#include <numeric>

#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "commands.h"
#include "startup.h"
#include "train/trainer.h"

namespace pipetrain {

int train_command(const MpiSession& session, ErrorReport& report, const RunOptions& options) {
  Startup started = start(session, report, options, /*makes_run_directory=*/true);
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, started.wait, started.plan.schedule.stage_count());
  MpiCollective collective(ranks, pool, started.wait, &mailbox);
  Trainer trainer(started.config, started.world, started.source.get(), started.directory.get(),
                  std::move(started.plan), mailbox, collective, pool, !options.no_progress);
  report.agree([&] { trainer.load_weights(); });
  trainer.run();
  return 0;
}

}  // namespace pipetrain
