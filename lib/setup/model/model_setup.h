// A model's layers and the schedule that runs them, as far as the configuration alone decides: what
// every rank can make and check for itself. It must not know measured times, cuts, parameters or
// how a schedule is executed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/source.h"
#include "nn/layers/model.h"
#include "nn/sequence_slices.h"
#include "pipeline/message_numbers.h"
#include "pipeline/partition.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/schedule.h"

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
  // Where the vocabulary is over the pipeline: the layers that are cut into stages, without the
  // embedding's table if that is over the pipeline, too; then this rank's piece of that table, and
  // of the head. These hold weights; `layers` are then for measuring alone.
  std::vector<std::unique_ptr<Layer>> piece_layers;
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
  // Of these stages consist: all layers, but for the head where the vocabulary is over the
  // pipeline.
  int cut_layers() const {
    return static_cast<int>(layers.size()) - (schedule.cuts_vocabulary() ? 1 : 0);
  }
  bool cuts_embedding() const { return piece_layers.size() > layers.size(); }
  // Behind the layers that are cut: of those that hold weights.
  int piece_count() const { return schedule.cuts_vocabulary() ? (cuts_embedding() ? 2 : 1) : 0; }
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
  int stage_ranks = 1;    // places in a pipeline
  int pipeline_rank = 0;  // which of them is this rank's
  int tensor_rank = 0;    // this rank's place among the parallel.tensor that share a stage
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

// Rows of the largest microbatch.
std::int64_t microbatch_rows(const Config& config, const ModelSetup& model);

}  // namespace pipetrain
