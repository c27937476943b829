#include "training_run.h"

#include <omp.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>

#include "checkpoint/checkpoint_list.h"
#include "comm/in_process.h"
#include "shown.h"

namespace pipetrain {
namespace {

bool run_rank(const Config& config, const Source& source, InProcess& group, int rank,
              const TrainerOptions& options) {
  omp_set_num_threads(1);
  MemoryPool pool;
  const Grid grid = Grid::filling(group.size(), config.parallel.data, config.parallel.tensor);
  const auto mailbox = group.mailbox(rank, pool);
  const auto world = group.collective(rank),
             replicas = group.collective(
                 rank, grid.stage_group(rank, copies_of(config.pipeline.schedule))),
             tensor = group.collective(rank, grid.tensor_group(rank));
  const GridLinks links{grid, *mailbox, *world, *replicas, *tensor};
  const World places{rank, std::vector<RankPlace>(static_cast<std::size_t>(group.size()),
                                                  {.host = "here", .cores = group.size()})};
  const ModelSetup model = set_up_model(config, {.data = data_shape_of(source),
                                                 .stage_ranks = grid.pipeline(),
                                                 .pipeline_rank = grid.position_of(rank).pipeline,
                                                 .tensor_rank = grid.position_of(rank).tensor,
                                                 .training_rows = source.training_rows(),
                                                 .evaluation_rows = source.validation_rows()});
  const auto directory = rank == 0 ? std::make_unique<RunDirectory>(config) : nullptr;
  Trainer trainer(config, places, rank == 0 ? &source : nullptr, directory.get(), model, links,
                  pool, options);
  trainer.load();
  return trainer.run();
}

}  // namespace

Config small_run(const TemporaryFolder& folder, int steps) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.data.path = {"/corpus.txt"};  // not read
  config.pipeline.microbatches = 2;
  config.optimizer.learning_rate = 0.01;
  config.train.steps = steps;
  config.train.batch_size = 8;
  config.train.output = folder.path("run");
  return config;
}

Config images_run(const TemporaryFolder& folder, int steps, bool skips) {
  Config config = small_run(folder, steps);
  config.model = {.layers = {{.kind = "flatten"},
                             {.kind = "linear", .options = {{"features", "8"}}},
                             {.kind = "relu"},
                             {.kind = "linear", .options = {{"features", "3"}}}}};
  config.data.format = "idx";
  config.data.path = {"/images.idx", "/labels.idx"};
  config.train.log_every = 1;
  config.train.eval_every = 0;
  if (skips) config.train.on_nonfinite = OnNonfinite::kSkip;
  return config;
}

Ruined::Ruined(std::int64_t first_bad, std::int64_t last_bad)
    : FixedSource(images(8, {4, 4, 2}, 3)), first_bad_(first_bad), last_bad_(last_bad) {}

void Ruined::read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                           Tensor& targets) const {
  FixedSource::read_training(pass, first_row, inputs, targets);
  if (pass < first_bad_ || pass > last_bad_) return;
  inputs.f32()[0] = std::numeric_limits<float>::quiet_NaN();
}

Ended run_training(const Config& config, const Source& source, int ranks, TrainerOptions options) {
  options.progress = false;
  const Shown shown;
  Ended ended;
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  try {
    group.run([&](int rank) {
      const bool done = run_rank(config, source, group, rank, options);
      if (rank == 0) ended.done = done;
    });
  } catch (const Error& error) {
    ended.code = error.code();
    ended.error = error.what();
  }
  ended.shown = shown.text();
  return ended;
}

std::vector<nlohmann::json> metrics_of(const Config& config) {
  std::vector<nlohmann::json> lines;
  std::ifstream file(config.train.output + "/metrics.jsonl");
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

Checkpoint checkpoint_of(const Config& config, std::int64_t step) {
  return open_checkpoint(checkpoint_folder(config.train.output + "/checkpoints", step));
}

std::vector<std::int64_t> steps_saved(const Config& config) {
  return checkpoint_steps(config.train.output + "/checkpoints");
}

Weights tensors_in(const Checkpoint& checkpoint) {
  Weights tensors;
  for (const std::string& name : checkpoint.names()) {
    std::vector<float>& values = tensors[name];
    values.resize(static_cast<std::size_t>(elements_of(checkpoint.shape(name), name)));
    checkpoint.read(name, checkpoint.shape(name), values);
  }
  return tensors;
}

}  // namespace pipetrain
