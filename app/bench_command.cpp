#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "commands.h"
#include "startup.h"
#include "train/bench.h"

namespace pipetrain {

int bench_command(const MpiSession& session, ErrorReport& report, const RunOptions& options) {
  Startup started = start(session, report, options, /*makes_run_directory=*/false);
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, started.wait, started.plan.schedule.stage_count());
  MpiCollective collective(ranks, pool, started.wait, &mailbox);
  const nlohmann::ordered_json result =
      run_bench(started.config, started.world, started.source.get(), std::move(started.plan),
                mailbox, collective, pool, {.steps = options.bench_steps});
  if (session.rank() == 0) {
    const std::string text = options.format == "json" ? result.dump(2) + "\n" : bench_text(result);
    std::fputs(text.c_str(), stdout);
  }
  return 0;
}

}  // namespace pipetrain
