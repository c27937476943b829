#include "train/memory_forecast.h"

#include <algorithm>

#include "base/error.h"
#include "base/size.h"
#include "data/epochs.h"
#include "optim/optimizer.h"
#include "pipeline/recompute.h"
#include "schedule/lower.h"
#include "tensor/memory.h"
#include "train/model_profile.h"

namespace pipetrain {

namespace {

// use(MemoryPlan) of steps whose replicas have `batch` rows each, in `microbatches`.
template <class Use>
auto with_plan(const Config& config, const ModelProfile& model, const Layout& layout,
               std::int64_t batch, int microbatches, const Use& use) {
  const std::int64_t smaller = batch / microbatches, rest = batch % microbatches;
  const std::int64_t larger = smaller + (rest > 0 ? 1 : 0);
  const Partition& first = layout.partition;
  std::vector<StageSizes> stages;
  for (std::size_t s = 0; s < first.size(); ++s) {
    const bool last = s + 1 == first.size();
    const StageCut cut{first[s], last ? static_cast<int>(model.layers.size()) : first[s + 1], last};
    const auto profile = [&](std::int64_t rows) {
      return stage_profile(model, layers_at(model, rows), rows, cut, layout.recomputed);
    };
    stages.push_back({profile(larger), profile(smaller)});
  }
  Schedule schedule = add_recompute(layout.schedule, recomputing_stages(layout.recomputed, first));
  schedule.microbatches = microbatches;
  const bool shards_parameters = config.parallel.data > 1 && config.parallel.shard == "parameters";
  const auto parameters = rank_parameters(model, layout.schedule, first, shards_parameters);
  return use(MemoryPlan{.model = model,
                        .schedule = schedule,
                        .parameters = parameters,
                        .stages = stages,
                        .larger_rows = larger,
                        .smaller_rows = smaller,
                        .larger_count = static_cast<int>(rest),
                        .moments = moments_per_parameter(config.optimizer),
                        .replicas = config.parallel.data,
                        .shards_optimizer = config.parallel.shard != "none",
                        .shards_parameters = shards_parameters});
}

std::vector<RankMemory> memory_of_steps(const Config& config, const ModelProfile& model,
                                        const Layout& layout, std::int64_t batch, bool evaluates) {
  return with_plan(config, model, layout, batch, layout.schedule.microbatches,
                   [&](MemoryPlan plan) {
                     plan.evaluates = evaluates;
                     return rank_memory(plan);
                   });
}

// Of an evaluation's last batch, which has `rows` rows over all replicas, the first ones' larger.
std::vector<std::int64_t> memory_of_last_evaluation(const Config& config, const ModelProfile& model,
                                                    const Layout& layout, std::int64_t rows) {
  const std::int64_t replicas = config.parallel.data;
  const std::int64_t batch = (rows + replicas - 1) / replicas;
  const auto microbatches =
      static_cast<int>(std::min<std::int64_t>(layout.schedule.microbatches, batch));
  return with_plan(config, model, layout, batch, microbatches, evaluation_memory);
}

// Rows of the short last batch of an epoch; 0 if there is none.
std::int64_t short_batch(const Config& config, const ModelPlan& plan, int microbatches) {
  const std::int64_t replicas = config.parallel.data;
  const Epochs epochs{plan.training_rows, config.train.batch_size, replicas * microbatches};
  if (epochs.samples == 0) return 0;
  const std::int64_t rows = epochs.at(epochs.last_step()).rows;
  return rows < config.train.batch_size ? rows : 0;
}

}  // namespace

std::vector<RankMemory> forecast_memory(const Config& config, const ModelPlan& plan,
                                        const Layout& layout, std::vector<LayerMeasure> measured) {
  const int replicas = config.parallel.data;
  ModelProfile model = model_profile(plan.layers);
  model.measured[microbatch_rows(config, plan)] = std::move(measured);
  const std::int64_t batch = config.train.batch_size;
  std::vector<RankMemory> ranks =
      memory_of_steps(config, model, layout, batch / replicas, plan.evaluation_rows >= batch);
  if (const std::int64_t rows = plan.evaluation_rows % batch; rows > 0) {
    const auto more = memory_of_last_evaluation(config, model, layout, rows);
    for (std::size_t r = 0; r < ranks.size(); ++r) ranks[r].evaluation += more[r];
  }
  const std::int64_t rest = short_batch(config, plan, layout.schedule.microbatches);
  if (rest > 0) {  // its blocks have other sizes and serve nothing else
    const auto more = memory_of_steps(config, model, layout, rest / replicas, false);
    for (std::size_t r = 0; r < ranks.size(); ++r) {
      ranks[r].activations += more[r].activations;
      ranks[r].messages += more[r].messages;
      ranks[r].work += more[r].work;
    }
  }
  if (config.train.checkpoint_background && config.train.checkpoint_every > 0) {
    for (RankMemory& rank : ranks) rank.checkpoint = rank.weights + rank.moments;
  }
  return ranks;
}

void require_room(const std::vector<RankMemory>& memory, const MemoryLimit& limit, const Grid& grid,
                  Collective& world) {
  // What oneDNN's kernels and MPI's buffers take beside tensors once all has run.
  constexpr std::int64_t kGrowthBytes = 32 << 20;
  const int place = grid.position_of(world.rank()).pipeline;
  const std::int64_t tensors = memory[static_cast<std::size_t>(place)].total();
  const std::int64_t process = static_cast<std::int64_t>(resident_bytes()) + kGrowthBytes;
  std::string mine;
  if (limit.bytes > 0 && tensors + process > limit.bytes) {
    mine = "rank " + std::to_string(world.rank()) + " will take " + size_text(tensors + process) +
           " (" + size_text(tensors) + " of tensors), more than " + size_text(limit.bytes) + ", " +
           limit.reason +
           "; use more ranks, recompute, smaller microbatches, parallel.shard, or pipetrain plan";
  }
  for (const std::string& text : world.all_gather_text(mine)) {
    if (!text.empty()) throw Error(ExitCode::kConfiguration, "memory: " + text);
  }
}

std::vector<std::string> memory_lines(const std::vector<RankMemory>& memory) {
  constexpr std::size_t kMostLines = 8;
  const auto line = [&](std::size_t rank) {
    const RankMemory& m = memory[rank];
    std::string text = "memory foreseen, pipeline rank " + std::to_string(rank) + ": " +
                       size_text(m.total()) + " = weights " + size_text(m.weights) +
                       (m.gathered > 0 ? ", gathered " + size_text(m.gathered) : "") +
                       ", gradients " + size_text(m.gradients) + ", moments " +
                       size_text(m.moments) + ", activations " + size_text(m.activations) +
                       ", messages " + size_text(m.messages) + ", work " + size_text(m.work);
    if (m.evaluation > 0) text += ", evaluation " + size_text(m.evaluation);
    if (m.checkpoint > 0) text += ", copy for checkpoints " + size_text(m.checkpoint);
    return text;
  };
  std::vector<std::string> lines;
  if (memory.size() > kMostLines) {
    const auto fullest = std::max_element(
        memory.begin(), memory.end(),
        [](const RankMemory& a, const RankMemory& b) { return a.total() < b.total(); });
    lines.push_back(line(static_cast<std::size_t>(fullest - memory.begin())) + "; the fullest of " +
                    std::to_string(memory.size()));
    return lines;
  }
  for (std::size_t rank = 0; rank < memory.size(); ++rank) lines.push_back(line(rank));
  return lines;
}

}  // namespace pipetrain
