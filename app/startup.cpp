#include "startup.h"

#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/size.h"
#include "comm/grid.h"
#include "comm/mpi/mpi_collective.h"
#include "ops/bfloat16_products.h"
#include "ops/ops.h"
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

World learn_world(const MpiSession& session, Collective& collective) {
  const nlohmann::json mine = {session.host(), omp_get_max_threads(), session.cores(),
                               session.ranks_sharing_cores()};
  World world{session.rank(), {}};
  for (const std::string& text : collective.all_gather_text(mine.dump())) {
    const nlohmann::json place = nlohmann::json::parse(text);
    world.places.push_back({place[0], place[1], place[2], place[3]});
  }
  return world;
}

// What was asked for, or a fair share of what this host has left.
MemoryLimit memory_limit(const RunOptions& options, const World& world) {
  if (!options.memory_limit.empty()) {
    return {parse_size(options.memory_limit, "--memory-limit"), "--memory-limit"};
  }
  const std::string& host = world.places[static_cast<std::size_t>(world.rank)].host;
  const auto ranks = std::count_if(world.places.begin(), world.places.end(),
                                   [&](const RankPlace& place) { return place.host == host; });
  return {static_cast<std::int64_t>(available_bytes()) / ranks,
          "its share of what " + host + " has free for " + std::to_string(ranks) +
              (ranks == 1 ? " rank" : " ranks")};
}

// One label a row, or one for each token: model and data must mean the same.
void check_targets(const Source& source, const Layer& last) {
  const Shape output = last.output_row(), targets = source.target_shape();
  if (!(output.without_last() == targets)) {
    fail("model: " + last.name() + ", the last layer, gives rows of " + output.text() +
         " for targets of " + output.without_last().text() + ", but the data's are " +
         targets.text() +
         (targets.rank() == 0
              ? " (one label a row); end with a mean over the row and a linear layer"
              : " (one for each token)"));
  }
}

// What ranks of a tensor-parallel group all compute must have the same bits on each, which products
// have at the same number of threads only.
void check_tensor_groups(const Grid& grid, const World& world) {
  const auto threads = [&](int rank) {
    return world.places[static_cast<std::size_t>(rank)].threads;
  };
  for (int rank = 0; rank < grid.size(); ++rank) {
    const int first = grid.tensor_group(rank).front();
    if (threads(rank) == threads(first)) continue;
    fail("parallel.tensor: ranks " + std::to_string(first) + " and " + std::to_string(rank) +
         " share layers, but have " + std::to_string(threads(first)) + " and " +
         std::to_string(threads(rank)) +
         " threads; set OMP_NUM_THREADS to the same number on both");
  }
}

// What the steps are, now that the data and the number of microbatches are known.
void set_epochs(Startup& made) {
  ModelSetup& model = made.model;
  model.training_rows = made.training_rows;
  const std::int64_t replicas = made.grid.data();
  const Epochs epochs{model.training_rows, made.config.train.batch_size,
                      replicas * model.microbatches};
  if (epochs.samples > 0 && epochs.steps() == 0) {
    fail("pipeline.microbatches: the " + std::to_string(epochs.samples) +
         " training samples do not fill " + std::to_string(model.microbatches) + " microbatches" +
         (replicas > 1 ? " in each of " + std::to_string(replicas) + " replicas" : "") +
         "; set it to at most " + std::to_string(epochs.samples / replicas));
  }
  settle_steps(made.config, epochs.samples > 0 ? epochs.steps() : 0);
  if (made.resume.config) {
    made.resume.curve = keep_decay_steps(*made.resume.config, made.config);
  }
}

}  // namespace

Grid check_scope(const Config& config, int ranks) {
  const Grid grid = Grid::filling(ranks, config.parallel.data, config.parallel.tensor);
  const bool emulates = emulates_bfloat16();
  if (config.train.activations() == DType::kBFloat16 && !bfloat16_instructions() && !emulates) {
    fail(std::string("train.precision: there are no bfloat16 instructions here (") +
         instruction_set_description() + "); set it to float32 (or " + kEmulateBFloat16 +
         "=1 in the environment, for bfloat16's results without its speed)");
  }
  return grid;
}

Config read_config(const RunOptions& options) {
  set_up_log(options.log_level);
  Config config = load_config(options.config, options.overrides);
  // A preset knows its own context.
  if (config.data.sequence_length == 0 && !config.data.images()) {
    config.data.sequence_length = static_cast<int>(configured_context(config.model));
  }
  if (config.data.sequence_length == 0 && !config.data.images()) {
    fail("data.sequence_length is missing");
  }
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
  made.world = learn_world(session, collective);
  made.wait.oversubscribed |= made.world.oversubscribed();  // with all its threads, too

  report.agree([&] {
    if (session.rank() != 0) return;
    made.source = open_source(config.data, config.data.sequence_length, config.train.seed,
                              static_cast<int>(configured_vocabulary(config.model)));
  });
  if (made.source) {
    made.data = data_shape_of(*made.source);
    made.training_rows = made.source->training_rows();
  }
  collective.broadcast(std::as_writable_bytes(std::span(&made.data, 1)), 0);
  collective.broadcast(std::as_writable_bytes(std::span(&made.training_rows, 1)), 0);
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
  report.agree([&] {
    check_tensor_groups(made.grid, made.world);
    const bool resumes = !made.resume.folder.empty();
    made.model = set_up_model(config, made.data, made.grid.pipeline(),
                              made.grid.position_of(session.rank()).tensor,
                              resumes ? made.resume.position.microbatches : 0);
    if (made.source) check_targets(*made.source, *made.model.layers.back());
    made.model.memory_limit = memory_limit(options, made.world);
    set_epochs(made);
  });
  if (session.rank() == 0 && config.train.activations() == DType::kBFloat16 &&
      !multiplies_bfloat16()) {
    spdlog::warn(
        "train.precision: {}: products are made of float32 copies, the results of bfloat16 without "
        "its speed ({}=1)",
        bfloat16_instructions() ? "bfloat16 is emulated as told" : "no bfloat16 instructions here",
        kEmulateBFloat16);
  }
  if (session.rank() == 0) {
    const std::string split = split_tensor_groups(made.grid, made.world);
    if (!split.empty()) spdlog::warn("{}", split);
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
