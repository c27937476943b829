// The tensor memory that each rank will take from the system, by walking its own list of actions.
// Pure; it must not know how long anything takes.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/piece_profile.h"
#include "plan/rank_parameters.h"
#include "plan/stage_profile.h"
#include "schedule/program.h"

namespace pipetrain {

// The first `larger_count` microbatches have one row more than the others.
struct StageSizes {
  StageProfile larger, smaller;
};

// Steps of one size, whose memory is to be foreseen.
struct MemoryCase {
  // What ranks execute; null where there are no such steps of this size.
  const Program* training = nullptr;
  const Program* evaluation = nullptr;
  const ModelProfile& model;
  const std::vector<RankParameters>& parameters;
  const std::vector<StageSizes>& stages;
  // Where training cuts sequences, the same of each slice; null: it does not.
  const std::vector<std::vector<StageSizes>>* slices = nullptr;
  std::int64_t larger_rows = 1, smaller_rows = 1;
  int larger_count = 0;
  int moments = 2;                 // of the optimizer, per parameter
  int replicas = 1;                // that sum gradients: of every stage's copies, too
  int versions = 1;                // of weights and gradients; with pipeline.delay 1 two
  bool keeps_overwritten = false;  // what an update overwrites, as pipeline.post_validation does
  bool shards_optimizer = false;   // each replica keeps the moments of its share
  bool shards_parameters = false;  // and of weights and gradients its share alone
  PieceProfile piece = {};         // of the vocabulary; its parameters are among the ranks'
};

// One rank's tensor memory in bytes, by what it is for.
struct RankMemory {
  std::int64_t weights = 0, gradients = 0, moments = 0;
  std::int64_t overwritten = 0;  // copies of what the last update has overwritten
  std::int64_t gathered = 0;     // of sharded weights: the whole ones of stages in use
  std::int64_t packed = 0;       // copies of weights as products want them
  std::int64_t activations = 0;  // the most between two actions: of microbatches under way
  std::int64_t messages = 0;     // inputs and targets of two steps, sends and tied gradients
  std::int64_t work = 0;         // what an action takes and gives back
  std::int64_t short_batch = 0;  // what an epoch's short last step takes beside all that
  std::int64_t evaluation = 0;   // and what evaluation does
  std::int64_t checkpoint = 0;   // the copy that is written while training goes on

  std::int64_t steps() const {  // what training steps of the usual size need
    return weights + gathered + gradients + moments + overwritten + packed + activations +
           messages + work;
  }
  std::int64_t training() const { return steps() + short_batch; }
  std::int64_t total() const { return training() + evaluation + checkpoint; }
};

// One per rank. A block of the pool serves only its own size, so what counts is the most of each
// size, wherever in the step that is; the work space covers the difference.
// `others` are the steps of other sizes, an epoch's short last batch or an evaluation's.
std::vector<RankMemory> rank_memory(const MemoryCase& plan,
                                    const std::vector<MemoryCase>& others = {});

}  // namespace pipetrain
