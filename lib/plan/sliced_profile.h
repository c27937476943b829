// A model whose sequences pass in slices, as planning sees it: what all slices of a microbatch cost
// together, and what each takes of memory. Pure; it must not know which numbers of slices there
// are.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/predict.h"
#include "plan/profile.h"
#include "plan/rank_memory.h"

namespace pipetrain {

// Whether a run would take the candidate's slices: they were measured, and neither they nor what
// goes with them is refused.
bool may_have_slices(const PlanInputs& inputs, const Candidate& candidate);

// `layers` are those of whole sequences of `rows` rows: their costs, sums and parts become those of
// the slices, which together take longer.
void take_costs_of_slices(const std::vector<ModelProfile>& slices, std::int64_t rows,
                          std::vector<LayerMeasure>& layers);

// How a model is cut into stages and its rows into microbatches.
struct StageSizing {
  std::vector<int> first_layers;
  RecomputedLayers recomputed;
  std::int64_t larger_rows = 1, smaller_rows = 1;
  bool vocabulary = false;  // over the pipeline: the last layer is in no stage
};

// The stages of a model whose layers at larger_rows and smaller_rows are these.
std::vector<StageSizes> stage_sizes(const ModelProfile& model,
                                    const std::vector<LayerMeasure>& larger,
                                    const std::vector<LayerMeasure>& smaller,
                                    const StageSizing& sizing);

// The same of each slice.
std::vector<std::vector<StageSizes>> sizes_of_slices(const std::vector<ModelProfile>& slices,
                                                     const StageSizing& sizing);

// The mean of what microbatches of two sizes cost, of which `share_a` are like a.
StageCost weighted(const StageCost& a, double share_a, const StageCost& b);

}  // namespace pipetrain
