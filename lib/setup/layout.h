// Which schedule runs a model, and where its layers are cut into stages: first what the
// configuration alone decides, then what needs the layers' measured times. It must not know
// parameters, messages of a step or how a schedule is executed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/start_times.h"
#include "comm/collective.h"
#include "config/config.h"
#include "data/source.h"
#include "nn/layers/model.h"
#include "nn/sequence_slices.h"
#include "pipeline/message_numbers.h"
#include "pipeline/partition.h"
#include "plan/profile.h"
#include "plan/rank_memory.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// How much memory a rank may take.
struct MemoryLimit {
  std::int64_t bytes = 0;  // 0: as much as it gets
  std::string reason;      // where the number comes from, for messages
};

// The model's layers and the schedule that runs them: what can be checked before any rank talks to
// another. Made by set_up_model(), and not changed afterwards.
struct ModelSetup {
  std::vector<std::unique_ptr<Layer>> layers;
  // The same once more where pipeline.delay is 1: they hold the other version of the weights.
  std::vector<std::unique_ptr<Layer>> other_layers;
  RecomputedLayers recomputed;
  SequenceSlices slices;            // of each microbatch
  TensorPlace place;                // whose slices the layers are
  int ranks = 1, microbatches = 1;  // of one pipeline
  std::int64_t training_rows = 0;   // of an epoch; 0: rows are drawn without end
  // That each evaluation goes through, for the forecast of memory; 0: none. On rank 0.
  std::int64_t evaluation_rows = 0;
  MemoryLimit memory_limit;           // of this rank
  std::vector<int> measuring_rounds;  // see SpeedProbe
  // Compute actions; of a schedule that is still to be searched for (auto) the sizes alone.
  Schedule schedule;
  bool searches_placement = false;  // together with the schedule

  int stage_count() const { return schedule.stage_count(); }
  StageNumbers stage_numbers() const {
    return searches_placement ? StageNumbers{1, stage_count()}
                              : pipetrain::stage_numbers(schedule.placement);
  }
  int copies() const { return schedule.placement.copies(); }  // of every stage
  bool searches_schedule() const { return schedule.ranks.empty(); }
};
// What the data tell about the model.
DataShape data_shape_of(const Source& source);

// What the configuration asks for on pipelines of these ranks. Where it leaves the number of
// microbatches open, it is at most `usual_microbatches`; 0: 4 of each stage.
ScheduleRequest schedule_request(const Config& config, int stage_ranks, int usual_microbatches = 0);

// What a model is set up from, beside the configuration.
struct SetupInputs {
  DataShape data;
  int stage_ranks = 1;  // places in a pipeline
  int tensor_rank = 0;  // this rank's place among the parallel.tensor that share a stage
  // The most microbatches where the configuration leaves their number open; 0: 4 of each stage.
  int usual_microbatches = 0;
  std::int64_t training_rows = 0;
  std::int64_t evaluation_rows = 0;
  MemoryLimit memory_limit;
  std::vector<int> measuring_rounds;  // see SpeedProbe
  bool trains = true;                 // else what pipeline.delay asks for does not matter
};

// Error(kConfiguration) if model, schedule and ranks do not fit.
ModelSetup set_up_model(const Config& config, const SetupInputs& inputs);

// How the model was cut and why; the same on every rank.
struct Layout {
  Schedule schedule;    // compute actions
  Partition partition;  // first layer of each stage
  RecomputedLayers recomputed;
  std::vector<StageCost> layer_costs;  // seconds, of one microbatch; empty if nothing needed them
  // Of each place in the pipeline, for which layer_costs are at speed 1; empty: all alike.
  std::vector<double> speeds;
  // float32 is rounded where stages are cut. Results then depend on the cut, so it does not depend
  // on a clock: layer_costs are counted, not measured.
  bool rounds_messages = false;
  double measure_seconds = 0;          // that the timing took
  double search_seconds = 0;           // that the search for a schedule took; 0: none
  StartTimes times;                    // of all of it
  double least_seconds = 0;            // of a step; below it no search could come, on rank 0
  std::vector<RankMemory> memory;      // foreseen, one per rank of the pipeline
  std::vector<LayerMeasure> measured;  // of one microbatch, that this was foreseen from; on rank 0

  // The partition, if results depend on it.
  Partition rounding_cut() const { return rounds_messages ? partition : Partition(); }
};

// Rows of the largest microbatch.
std::int64_t microbatch_rows(const Config& config, const ModelSetup& model);

// Collective. Rank 0 times the layers where the partition or the schedule is auto, and every rank
// the costliest of them; rank 0 counts their memory, and decides for all. `speeds`, if there are
// any, are taken for the measured ones of the pipeline's ranks.
Layout choose_layout(const Config& config, const ModelSetup& model, Collective& world,
                     const std::optional<std::vector<double>>& speeds = std::nullopt);

// Collective. What becomes of a layout for places of these speeds, from what was measured for it:
// nothing runs, so layers may be at work on a step.
Layout layout_at_speeds(const Config& config, const ModelSetup& model, Layout layout,
                        std::vector<double> speeds, Collective& world);

// Collective. Rank 0 times the layers on one microbatch; the same on every rank.
std::vector<StageCost> measure_layers(const Config& config, const ModelSetup& model,
                                      Collective& world);

// Of the activations that pass from one stage to the next, the largest microbatch's; of one number
// where there is one stage.
std::int64_t largest_message_bytes(const Config& config, const ModelSetup& model,
                                   const Partition& partition);

// Of the layout's stages, cut as `partition` says, on its ranks.
Costs costs_of(const Layout& layout, const Partition& partition);
// Of the stages as they are cut, each at the speed of its rank.
std::vector<StageCost> costs_on_ranks(const Layout& layout);

// Seconds that simulation predicts for the layout's schedule, cut as `partition` says.
double predicted_seconds(const Layout& layout, const Partition& partition);

}  // namespace pipetrain
