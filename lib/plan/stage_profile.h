// One stage as planning sees it, put together from its layers: what F, R, I and W of a microbatch
// cost and how they use memory. Pure; it must not know schedules or other stages.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/profile.h"

namespace pipetrain {

struct StageProfile {
  StageCost cost;  // R included, where layers are recomputed
  // What F leaves for I and W, and R where a whole layer is to run again.
  MemoryUse forward, recompute, backward_input, backward_weight;
  MemoryUse backward;  // I and W of each layer in turn (is_joined)
  // The same where other work stands between F and I: then F forgets what it can, and I makes
  // parts of layers again.
  MemoryUse forgetting_forward, remaking_backward_input, remaking_backward;
  MemoryUse evaluation;                            // of a forward that keeps nothing
  Blocks kept;                                     // for ever, once for all microbatches
  std::int64_t input_bytes = 0, output_bytes = 0;  // one microbatch's messages
};

struct StageCut {
  int first = 0, end = 0;  // layers
  bool last = false;       // the loss follows
};

// `layers` are layers_at(model, rows); `recomputed` has one entry per layer of the model.
StageProfile stage_profile(const ModelProfile& model, const std::vector<LayerMeasure>& layers,
                           std::int64_t rows, const StageCut& cut,
                           const RecomputedLayers& recomputed);

}  // namespace pipetrain
