#include "setup/startup.h"

#include <cstdint>

#include "base/size.h"
#include "comm/agree.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "setup/grid_text.h"
#include "setup/resumed_settings.h"
#include "setup/same_start.h"

namespace pipetrain {
namespace {

constexpr double kNoLimit = 1e9;  // seconds

void set_up(Startup& made, const RunOptions& options, bool trains) {
  const Config& config = made.config;
  check_tensor_groups(made.grid, made.world);
  SetupInputs& inputs = made.inputs;
  inputs = {
      .data = made.data.shape,
      .stage_ranks = made.grid.pipeline(),
      .pipeline_rank = made.grid.position_of(made.world.rank).pipeline,
      .tensor_rank = made.grid.position_of(made.world.rank).tensor,
      .usual_microbatches = made.resume.folder.empty() ? 0 : made.resume.position.microbatches,
      .training_rows = made.data.training_rows,
      .memory_limit = memory_limit(options.memory_limit, made.world,
                                   static_cast<std::int64_t>(available_bytes())),
      .measuring_rounds = made.world.measuring_rounds(),
      .trains = options.trains};
  if (made.source && trains && config.train.eval_every > 0) {
    inputs.evaluation_rows = evaluation_rows(config.train, *made.source);
  }
  made.model = model_anew(made);
  if (made.source) check_targets(*made.source, *made.model->layers.back());
  check_documents(config.data, *made.model);
  settle_epochs(made.config, *made.model);
  if (made.resume.config) made.resume.curve = keep_decay_steps(*made.resume.config, made.config);
}

}  // namespace

std::unique_ptr<const ModelSetup> model_anew(const Startup& started) {
  return std::make_unique<const ModelSetup>(set_up_model(started.config, started.inputs));
}

Config read_config(const RunOptions& options) {
  Config config = load_config(options.config, options.overrides);
  settle_sequence_length(config);
  return config;
}

Startup open_inputs(const RankAtStart& rank, const RunOptions& options, int ranks) {
  Startup made;
  made.times = rank.times;
  agree(rank.world, [&] {
    made.config = read_config(options);
    made.grid = check_scope(made.config, ranks);
  });
  const Config& config = made.config;
  require_same_start(configuration_lines(config), rank.world);
  rank.limit_waits(config.communication.timeout_seconds);
  made.times.end("configuration");
  RankPlace place = rank.place;
  made.threads = settle_threads(place, rank.crowded, rank.world);
  made.world = learn_world(place, rank.world);
  made.wait = {config.communication.timeout_seconds,
               !rank.crowded.empty() || made.world.oversubscribed()};
  made.times.end("threads");
  rank.limit_waits(kNoLimit);  // text may have to be tokenized first
  agree(rank.world, [&] {
    if (made.world.rank != 0) return;
    made.source = open_source(config.data, config.data.sequence_length, config.train.seed,
                              static_cast<int>(configured_vocabulary(config.model)),
                              {rank.host_processors, options.progress});
    if (options.trains) made.source->take_tokenizer();  // no more text is to come
  });
  rank.limit_waits(config.communication.timeout_seconds);
  made.data = share_data_facts(made.source.get(), rank.world);
  made.times.end("data");
  return made;
}

Startup start_run(const RankAtStart& rank, const RunOptions& options,
                  const TakeDirectory& take_directory) {
  Startup made = open_inputs(rank, options, rank.world.size());
  const bool trains = take_directory != nullptr, first = made.world.rank == 0;
  const auto take = [&] {
    agree(rank.world, [&] {
      if (first) take_directory(made.config);
    });
    made.times.end("run directory");
  };
  // An earlier job that is about to end may yet write a checkpoint to go on from, and remove
  // others.
  if (trains && options.resume.asked) take();
  made.resume = find_resume_point(options.resume, made.config.train.output, rank.world);
  made.times.end("checkpoint to resume");
  agree(rank.world, [&] { set_up(made, options, trains); });
  made.times.end("model");
  if (first) {
    for (const std::string& warning :
         {bfloat16_warning(made.config), split_tensor_groups(made.grid, made.world)}) {
      if (!warning.empty()) made.warnings.push_back(warning);
    }
  }
  if (trains && !options.resume.asked) take();
  return made;
}

}  // namespace pipetrain
