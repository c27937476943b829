#include "startup.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "comm/mpi/launch.h"

namespace pipetrain {

RankAtStart rank_at_start(const MpiSession& session, ErrorReport& report, Binding binding) {
  StartTimes times = StartTimes::of_process(started_by_launcher());
  times.end_at(session.init_began(), "program");
  times.end_at(session.init_ended(), "MPI_Init");
  times.end("same program");
  const HostRanks& host = session.host_ranks();
  ProcessorSet all;
  for (const ProcessorSet& processors : host.processors) all.add(processors);
  const RankCores mine = bind_rank(host, binding);
  return {.world = report.world(),
          .place = {.host = session.host(),
                    .cores = mine.cores,
                    .sharing = mine.sharing,
                    .binding = mine.binding,
                    .warning = mine.warning},
          .crowded = session.crowded(),
          .times = std::move(times),
          .host_processors = std::move(all),
          .limit_waits = [&report](double seconds) { report.limit_waits(seconds); }};
}

Startup start(const MpiSession& session, ErrorReport& report, const RunOptions& options,
              const TakeDirectory& take_directory) {
  Startup started =
      start_run(rank_at_start(session, report, options.bind), options, take_directory);
  for (const std::string& warning : started.warnings) spdlog::warn("{}", warning);
  return started;
}

void log_notes(const ThreadNotes& notes) {
  if (!notes.waiting.empty()) spdlog::info("{}", notes.waiting);
  for (const std::string& binding : notes.bindings) spdlog::info("{}", binding);
  for (const std::string& warning : notes.warnings) spdlog::warn("{}", warning);
}

void log_oddities(const Startup& started) {
  log_notes(started.threads);
  if (!started.source) return;
  for (const std::string& warning : started.source->warnings()) spdlog::warn("{}", warning);
}

}  // namespace pipetrain
