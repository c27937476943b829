// That what is planned, what memory is foreseen for and what runs are the same lists of actions.
#include "setup/run_program.h"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "pipeline/recompute.h"
#include "plan/predict.h"
#include "schedule/generate/generate.h"
#include "setup/model_profile.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace run_program_test {

namespace {

constexpr int kPipeline = 2, kReplicas = 2, kMicrobatches = 4;

using Lists = std::vector<std::vector<Action>>;

// Seven layers.
Config config_of(const std::string& schedule, Recompute recompute, Shard shard) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = kMicrobatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.recompute = recompute;
  config.parallel = {.data = kReplicas, .shard = shard};
  config.train.batch_size = kMicrobatches * kReplicas;
  return config;
}

Lists planned(const Config& config) {
  const auto layers = build_layers(config.model, {.row = {4}, .vocabulary = 13, .classes = 13});
  PlanInputs inputs;
  inputs.model = model_profile(layers);
  inputs.model.measured[1].assign(layers.size(), {.cost = {1, 1, 1}});
  inputs.batch_rows = config.train.batch_size;
  inputs.cut = [](const std::vector<double>& seconds, const Placement& placement,
                  const std::vector<double>&) {
    return uniform_partition(static_cast<int>(seconds.size()), placement.stage_count());
  };
  inputs.recomputed = {{config.pipeline.recompute, recomputed_layers(config.pipeline, layers)}};
  const Candidate candidate{.data = kReplicas,
                            .pipeline = kPipeline,
                            .schedule = config.pipeline.schedule,
                            .virtual_stages = default_virtual_stages(config.pipeline.schedule),
                            .microbatches = kMicrobatches,
                            .recompute = config.pipeline.recompute,
                            .shard = config.parallel.shard};
  const Schedule schedule =
      generate(candidate.schedule, kPipeline, candidate.virtual_stages, candidate.microbatches);
  return Predictor(inputs).program(candidate, schedule).actions.ranks;
}

struct Run {
  Lists foreseen, listed, computed;  // of the pipeline's ranks in the first replica
};

Run run(const Config& config) {
  Run found{.foreseen = Lists(kPipeline), .listed = Lists(kPipeline), .computed = Lists(kPipeline)};
  const FixedSource source = FixedSource::counting(config.train.batch_size, 4, 13);
  std::mutex mutex;
  run_ranks(config, source, kPipeline * kReplicas, [&](RankThread& rank) {
    rank.train(0, 1);
    if (!rank.first_replica()) return;
    const PipelineRank& pipeline = rank.pipeline();
    const std::size_t place = pipeline.map.place();
    const std::lock_guard lock(mutex);
    found.foreseen[place] = training_program(config, pipeline.layout).of_rank(place);
    found.listed[place] = pipeline.runner.training_actions();
    for (const Span& span : pipeline.runner.recorder().spans()) {
      if (!span.waiting) found.computed[place].push_back(span.action);
    }
  });
  return found;
}

}  // namespace

TEST_CASE("Plan, forecast and run have one list of actions for each rank") {
  for (const std::string& schedule : schedule_names()) {
    for (const Recompute recompute : {Recompute::kNone, Recompute::kCheap, Recompute::kSelective,
                                      Recompute::kAttention, Recompute::kFull}) {
      for (const Shard shard : {Shard::kNone, Shard::kOptimizer, Shard::kParameters}) {
        if (shard == Shard::kParameters && copies_of(schedule) > 1) continue;  // refused
        CAPTURE(schedule, static_cast<int>(recompute), static_cast<int>(shard));
        const Config config = config_of(schedule, recompute, shard);
        const Lists plan = planned(config);
        const Run ran = run(config);
        CHECK(ran.listed == plan);
        CHECK(ran.foreseen == plan);
        Lists compute = plan;
        for (auto& actions : compute) {
          std::erase_if(actions, [](const Action& action) { return !is_compute(action.op); });
        }
        CHECK(ran.computed == compute);
      }
    }
  }
}

TEST_CASE(
    "Evaluation has its own microbatches, and gathers weights only where they are shared out") {
  for (const Shard shard : {Shard::kNone, Shard::kOptimizer, Shard::kParameters}) {
    for (const int replicas : {1, kReplicas}) {
      CAPTURE(static_cast<int>(shard), replicas);
      Config config = config_of("1f1b", Recompute::kNone, shard);
      config.parallel.data = replicas;
      const Layout layout{.schedule = generate("1f1b", kPipeline, 1, kMicrobatches),
                          .partition = {},
                          .recomputed = {}};
      for (const auto& actions : evaluation_program(config, layout, 3).actions.ranks) {
        const auto count = [&](Op op) {
          return std::ranges::count(actions, op, [](const Action& action) { return action.op; });
        };
        CHECK(count(Op::kForward) == 3);
        const bool gathers = shard == Shard::kParameters && replicas > 1;
        CHECK((count(Op::kUnshard) > 0) == gathers);
      }
    }
  }
}

}  // namespace run_program_test
