// A way to train the model, and what planning predicts of it. Plain data; it must not know how the
// prediction is made.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "schedule/memory_choices.h"
#include "schedule/vocabulary_place.h"
#include "tensor/precision.h"

namespace pipetrain {

struct Candidate {
  int data = 1, tensor = 1, pipeline = 1;  // ranks
  std::string schedule = "1f1b";
  int virtual_stages = 1, microbatches = 1;
  Recompute recompute = Recompute::kNone;
  std::vector<std::string> parts;  // of `selective`, those that are made again; empty: all
  Shard shard = Shard::kNone;
  DType precision = DType::kFloat32;
  VocabularyPlace vocabulary = VocabularyPlace::kWhole;
  int slices = 1;  // of each microbatch's sequences

  int ranks() const { return data * tensor * pipeline; }
  bool cuts_vocabulary() const { return is_over_pipeline(vocabulary); }
  bool shards_optimizer() const { return shard != Shard::kNone; }
  bool shards_parameters() const { return shard == Shard::kParameters; }
  // Whether a run would share out the head of a model that allows it over such a pipeline.
  bool may_have_pieces() const {
    return pipeline > 1 && tensor == 1 && precision == DType::kFloat32 && !shards_parameters();
  }
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// "zb-h1 with M=16", "interleaved with v=2, M=16 and recompute full on 4 ranks".
std::string text_of(const Candidate& candidate, int all_ranks);

struct Plan {
  Candidate candidate;
  std::vector<int> first_layers;  // of each stage
  double step_seconds = 0;
  double bubble_fraction = 0;
  double busy_seconds = 0;                 // mean over the ranks: in F, R, I and W
  double update_seconds = 0;               // what the step takes beside the pipeline
  std::vector<std::int64_t> tensor_bytes;  // one per rank
  std::int64_t memory_bytes = 0;           // of the fullest rank, its process included
  std::int64_t sent_bytes = 0;             // a step, by the rank that sends most
};

}  // namespace pipetrain
