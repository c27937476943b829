#include "train/memory_forecast.h"

#include "optim/optimizer.h"
#include "pipeline/recompute.h"
#include "pipeline/shards.h"
#include "schedule/lower.h"
#include "train/model_profile.h"

namespace pipetrain {

std::vector<RankMemory> forecast_memory(const Config& config, const ModelPlan& plan,
                                        const Layout& layout, std::vector<LayerMeasure> measured) {
  const std::int64_t batch = config.train.batch_size / config.parallel.data;  // of a replica
  const int microbatches = layout.schedule.microbatches;
  const std::int64_t smaller = batch / microbatches, larger = microbatch_rows(config, plan);
  ModelProfile model = model_profile(plan.layers);
  model.measured[larger] = std::move(measured);

  const Partition& first = layout.partition;
  std::vector<StageSizes> stages;
  for (std::size_t s = 0; s < first.size(); ++s) {
    const bool last = s + 1 == first.size();
    const StageCut cut{first[s], last ? static_cast<int>(plan.layers.size()) : first[s + 1], last};
    const auto profile = [&](std::int64_t rows) {
      return stage_profile(model, layers_at(model, rows), rows, cut, layout.recomputed);
    };
    stages.push_back({profile(larger), profile(smaller)});
  }
  const Schedule schedule =
      add_recompute(layout.schedule, recomputing_stages(layout.recomputed, first));
  const auto parameters = rank_parameters(model, layout.schedule, first);
  return rank_memory({.model = model,
                      .schedule = schedule,
                      .parameters = parameters,
                      .stages = stages,
                      .larger_rows = larger,
                      .smaller_rows = smaller,
                      .larger_count = static_cast<int>(batch % microbatches),
                      .moments = moments_per_parameter(config.optimizer),
                      .replicas = config.parallel.data,
                      .shards_optimizer = config.parallel.shard != "none",
                      .bucket_elements = kBucketElements});
}

}  // namespace pipetrain
