#include "startup.h"

#include <omp.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "comm/grid.h"
#include "comm/mpi/mpi_collective.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "same_start.h"
#include "setup/grid_text.h"
#include "setup/resumed_settings.h"
#include "threads.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

std::vector<int> everyone(const MpiSession& session) {
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

}  // namespace

Config read_config(const RunOptions& options) {
  set_up_log(options.log_level);
  Config config = load_config(options.config, options.overrides);
  settle_sequence_length(config);
  return config;
}

Startup open_inputs(const MpiSession& session, ErrorReport& report, const RunOptions& options,
                    int ranks) {
  Startup made;
  report.agree([&] {
    made.config = read_config(options);
    made.grid = check_scope(made.config, ranks);
  });
  const Config& config = made.config;
  made.wait = {config.communication.timeout_seconds, session.oversubscribed()};
  MemoryPool pool;
  MpiCollective collective(everyone(session), pool, made.wait);
  const std::string difference = difference_at_start(options, config, collective);
  report.agree([&] {
    if (!difference.empty()) fail(difference);
  });
  made.threads = settle_threads(session, report, collective);
  made.world = learn_world(
      {session.host(), omp_get_max_threads(), session.cores(), session.ranks_sharing_cores()},
      collective);
  made.wait.oversubscribed |= made.world.oversubscribed();  // with all its threads, too

  report.agree([&] {
    if (session.rank() != 0) return;
    made.source = open_source(config.data, config.data.sequence_length, config.train.seed,
                              static_cast<int>(configured_vocabulary(config.model)));
  });
  made.data = share_data_facts(made.source.get(), collective);
  return made;
}

Startup start(const MpiSession& session, ErrorReport& report, const RunOptions& options,
              bool makes_run_directory) {
  Startup made = open_inputs(session, report, options, session.size());
  const Config& config = made.config;
  const auto take_directory = [&] {
    report.agree([&] {
      if (session.rank() == 0) made.directory = std::make_unique<RunDirectory>(config);
    });
  };
  // An earlier job that is about to end may yet write a checkpoint to go on from, and remove
  // others.
  if (makes_run_directory && options.resumes) take_directory();
  {
    MemoryPool pool;
    MpiCollective collective(everyone(session), pool, made.wait);
    made.resume = find_resume_point(options, config, collective, report);
  }
  const bool trains = makes_run_directory, resumes = !made.resume.folder.empty();
  report.agree([&] {
    check_tensor_groups(made.grid, made.world);
    SetupInputs inputs{.data = made.data.shape,
                       .stage_ranks = made.grid.pipeline(),
                       .tensor_rank = made.grid.position_of(session.rank()).tensor,
                       .usual_microbatches = resumes ? made.resume.position.microbatches : 0,
                       .training_rows = made.data.training_rows,
                       .memory_limit = memory_limit(options.memory_limit, made.world,
                                                    static_cast<std::int64_t>(available_bytes()))};
    if (made.source && trains && config.train.eval_every > 0) {
      inputs.evaluation_rows = evaluation_rows(config.train, *made.source);
    }
    made.model = std::make_unique<const ModelSetup>(set_up_model(config, inputs));
    if (made.source) check_targets(*made.source, *made.model->layers.back());
    settle_epochs(made.config, *made.model);
    if (made.resume.config) {
      made.resume.curve = keep_decay_steps(*made.resume.config, made.config);
    }
  });
  if (session.rank() == 0) {
    for (const std::string& warning :
         {bfloat16_warning(config), split_tensor_groups(made.grid, made.world)}) {
      if (!warning.empty()) spdlog::warn("{}", warning);
    }
  }
  if (makes_run_directory) {
    if (!options.resumes) take_directory();
    report.use_file(config.train.output + "/error.txt");
  }
  return made;
}

void log_oddities(const Startup& started) {
  log_notes(started.threads);
  if (!started.source) return;
  for (const std::string& warning : started.source->warnings()) spdlog::warn("{}", warning);
}

}  // namespace pipetrain
