// Where a model's layers are cut into stages, and which schedule runs them where that is searched
// for: what needs the layers' measured times. It must not know parameters, messages of a step or
// how a schedule is executed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/start_times.h"
#include "comm/collective.h"
#include "config/config.h"
#include "pipeline/partition.h"
#include "plan/profile.h"
#include "plan/rank_memory.h"
#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"
#include "setup/model/model_setup.h"

namespace pipetrain {

// How the model was cut and why; the same on every rank.
struct Layout {
  Schedule schedule;    // compute actions
  Partition partition;  // first layer of each stage
  RecomputedLayers recomputed;
  // Seconds, of one microbatch, of the layers that are cut; empty if nothing needed them.
  std::vector<StageCost> layer_costs;
  PieceCost piece;  // of the head, where the vocabulary is over the pipeline: of each rank's part
  bool cuts_embedding = false;  // as ModelSetup has it
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

// Collective. Rank 0 times the layers where the partition or the schedule is auto, and every rank
// the costliest of them; rank 0 counts their memory, and decides for all. `speeds`, if there are
// any, are taken for the measured ones of the pipeline's ranks.
Layout choose_layout(const Config& config, const ModelSetup& model, Collective& world,
                     const std::optional<std::vector<double>>& speeds = std::nullopt);

// Collective. What becomes of a layout for places of these speeds, from what was measured for it:
// nothing runs, so layers may be at work on a step.
Layout layout_at_speeds(const Config& config, const ModelSetup& model, Layout layout,
                        std::vector<double> speeds, Collective& world);

// Collective. Rank 0 times the layers on one microbatch, for layout.layer_costs and layout.piece;
// the same on every rank.
void measure_layers(const Config& config, const ModelSetup& model, Collective& world,
                    Layout& layout);

// Of the layout's stages, cut as `partition` says, on its ranks.
Costs costs_of(const Layout& layout, const Partition& partition);
// Of the stages as they are cut, each at the speed of its rank.
Costs costs_on_ranks(const Layout& layout);

// Seconds that simulation predicts for the layout's schedule, cut as `partition` says.
double predicted_seconds(const Layout& layout, const Partition& partition);

}  // namespace pipetrain
