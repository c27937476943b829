#include "setup/memory_forecast.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "data/epochs.h"
#include "ops/ops.h"
#include "optim/optimizer.h"
#include "pipeline/measure/slice_memory.h"
#include "setup/model_profile.h"
#include "setup/run_program.h"
#include "tensor/memory.h"

namespace pipetrain {

namespace {

// Steps whose replicas have `batch` rows each, in `microbatches`.
class Steps {
 public:
  // `slices`: the model as training's slices see it; empty: it takes whole sequences. `piece`: of
  // the vocabulary, which the model is then without.
  Steps(const Config& config, const ModelProfile& model, const std::vector<ModelProfile>& slices,
        const PieceProfile& piece, const Layout& layout, std::int64_t batch, int microbatches)
      : config_(config),
        model_(model),
        piece_(piece),
        parameters_(
            rank_parameters(model, layout.schedule, layout.partition, shards_parameters(config))),
        copies_(layout.schedule.placement.copies()),
        larger_count_(static_cast<int>(batch % microbatches)),
        smaller_rows_(batch / microbatches) {
    for (RankParameters& rank : parameters_) {
      piece.add_to(rank);
    }
    stages_ = stages_of(model, layout);
    for (const ModelProfile& slice : slices) slices_.push_back(stages_of(slice, layout));
  }

  std::vector<StageSizes> stages_of(const ModelProfile& model, const Layout& layout) const {
    std::vector<StageSizes> stages;
    const Partition& first = layout.partition;
    for (std::size_t s = 0; s < first.size(); ++s) {
      const bool last = s + 1 == first.size();
      const StageCut cut{first[s], last ? static_cast<int>(model.layers.size()) : first[s + 1],
                         last && !piece_.cut()};
      const auto profile = [&](std::int64_t rows) {
        return stage_profile(model, layers_at(model, rows), rows, cut, layout.recomputed);
      };
      stages.push_back({profile(larger_rows()), profile(smaller_rows_)});
    }
    return stages;
  }

  // Whether they train or evaluate is for the caller to say.
  MemoryCase memory_case() const {
    return {.model = model_,
            .parameters = parameters_,
            .stages = stages_,
            .slices = slices_.empty() ? nullptr : &slices_,
            .larger_rows = larger_rows(),
            .smaller_rows = smaller_rows_,
            .larger_count = larger_count_,
            .moments = moments_per_parameter(config_.optimizer),
            .replicas = config_.parallel.data * copies_,
            .versions = 1 + config_.pipeline.delay,
            .keeps_overwritten = config_.pipeline.post_validation,
            .shards_optimizer = config_.parallel.shard != Shard::kNone,
            .shards_parameters = shards_parameters(config_),
            .piece = piece_};
  }

 private:
  std::int64_t larger_rows() const { return smaller_rows_ + (larger_count_ > 0 ? 1 : 0); }

  const Config& config_;
  const ModelProfile& model_;
  PieceProfile piece_;
  std::vector<RankParameters> parameters_;
  std::vector<StageSizes> stages_;
  std::vector<std::vector<StageSizes>> slices_;
  int copies_;  // of every stage, which sum gradients as replicas do
  int larger_count_;
  std::int64_t smaller_rows_;
};

// The model as each slice of training's sequences sees it.
std::vector<ModelProfile> profiles_of_slices(const ModelProfile& whole, const ModelSetup& setup,
                                             std::int64_t rows) {
  std::vector<ModelProfile> profiles;
  if (!setup.slices.cut()) return profiles;
  MemoryPool scratch;
  Ops ops(scratch);
  for (auto& measured : count_slice_memory(setup.layers, setup.place, rows, setup.slices, ops)) {
    const int slice = static_cast<int>(profiles.size());
    profiles.push_back(slice_profile(whole, setup.slices, slice));
    profiles.back().measured[rows] = std::move(measured);
  }
  return profiles;
}

// Rows of the short last batch of an epoch; 0 if there is none.
std::int64_t short_batch(const Config& config, const ModelSetup& setup, int microbatches) {
  const std::int64_t replicas = config.parallel.data;
  const Epochs epochs{setup.training_rows, config.train.batch_size, replicas * microbatches};
  if (epochs.samples == 0) return 0;
  const std::int64_t rows = epochs.at(epochs.last_step()).rows;
  return rows < config.train.batch_size ? rows : 0;
}

// Each stage is told where separate documents begin, in this step and, as inputs are, in the next.
void add_documents(const ModelSetup& setup, const Schedule& schedule, std::int64_t rows,
                   std::vector<RankMemory>& ranks) {
  const std::int64_t row_bytes = static_cast<std::int64_t>(element_bytes(DType::kInt32)) *
                                 setup.layers.back()->output_row().without_last().elements();
  for (int m = 0; m < schedule.microbatches; ++m) {
    const std::int64_t here =
        rows / schedule.microbatches + (m < rows % schedule.microbatches ? 1 : 0);
    const auto bytes =
        static_cast<std::int64_t>(block_bytes(static_cast<std::size_t>(here * row_bytes)));
    for (int stage = 0; stage < schedule.stage_count(); ++stage) {
      const int owner = rank_of_stage(schedule, stage, m);
      ranks[static_cast<std::size_t>(owner)].messages += 2 * bytes;
      if (owner != 0) ranks.front().messages += bytes;  // which sends it
    }
  }
}

}  // namespace

std::vector<RankMemory> forecast_memory(const Config& config, const ModelSetup& setup,
                                        const Layout& layout, std::vector<LayerMeasure> measured) {
  const std::int64_t replicas = config.parallel.data, batch = config.train.batch_size;
  const int microbatches = layout.schedule.microbatches;
  ModelProfile model = model_profile(setup.layers, config.communication.precision);
  const std::int64_t rows_measured = microbatch_rows(config, setup);
  model.measured[rows_measured] = std::move(measured);
  const std::vector<ModelProfile> slices = profiles_of_slices(model, setup, rows_measured);
  const PieceProfile piece = layout.schedule.cuts_vocabulary()
                                 ? take_piece(model, setup.ranks, layout.schedule.vocabulary)
                                 : PieceProfile();
  const Program training = training_program(config, layout);
  const Program evaluation = evaluation_program(config, layout, microbatches);
  const Steps whole(config, model, slices, piece, layout, batch / replicas, microbatches);
  MemoryCase steps = whole.memory_case();
  steps.training = &training;
  if (setup.evaluation_rows >= batch) steps.evaluation = &evaluation;

  std::deque<Steps> others;
  std::vector<MemoryCase> other_cases;
  if (const std::int64_t rows = short_batch(config, setup, microbatches); rows > 0) {
    others.emplace_back(config, model, slices, piece, layout, rows / replicas, microbatches);
    other_cases.push_back(others.back().memory_case());
    other_cases.back().training = &training;
  }
  Program short_evaluation;
  if (const std::int64_t rows = setup.evaluation_rows % batch; rows > 0) {
    const std::int64_t most = (rows + replicas - 1) / replicas;  // of the first replicas
    const int count = static_cast<int>(std::min<std::int64_t>(microbatches, most));
    short_evaluation = evaluation_program(config, layout, count);
    others.emplace_back(config, model, slices, piece, layout, most, count);
    other_cases.push_back(others.back().memory_case());
    other_cases.back().evaluation = &short_evaluation;
  }
  std::vector<RankMemory> ranks = rank_memory(steps, other_cases);
  if (config.data.separate()) add_documents(setup, layout.schedule, batch / replicas, ranks);
  if (config.train.checkpoint_background && config.train.checkpoint_every > 0) {
    for (RankMemory& rank : ranks) rank.checkpoint = rank.weights + rank.moments;
  }
  return ranks;
}

std::int64_t foreseen_process_bytes() {
  constexpr std::int64_t kGrowthBytes = 32 << 20;
  return static_cast<std::int64_t>(resident_bytes()) + kGrowthBytes;
}

std::string why_no_room(const std::vector<RankMemory>& memory, const MemoryLimit& limit,
                        std::int64_t process_bytes, const Grid& grid, Collective& world) {
  const int place = grid.position_of(world.rank()).pipeline;
  const std::int64_t tensors = memory[static_cast<std::size_t>(place)].total();
  std::string mine;
  if (limit.bytes > 0 && tensors + process_bytes > limit.bytes) {
    mine = "rank " + std::to_string(world.rank()) + " will take " +
           size_text(tensors + process_bytes) + " (" + size_text(tensors) +
           " of tensors), more than " + size_text(limit.bytes) + ", " + limit.reason;
  }
  for (std::string& text : world.all_gather_text(mine)) {
    if (!text.empty()) return std::move(text);
  }
  return {};
}

void require_room(const std::vector<RankMemory>& memory, const MemoryLimit& limit, const Grid& grid,
                  Collective& world) {
  const std::string reason = why_no_room(memory, limit, foreseen_process_bytes(), grid, world);
  if (reason.empty()) return;
  throw Error(
      ExitCode::kConfiguration,
      "memory: " + reason +
          "; use more ranks, recompute, smaller microbatches, parallel.shard, or pipetrain plan");
}

}  // namespace pipetrain
