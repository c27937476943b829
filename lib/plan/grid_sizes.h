// How so many ranks can be a grid of replicas and pipelines, and in which microbatches a batch goes
// through it: the sizes that planning weighs. It must not know schedules or what anything costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/candidate.h"

namespace pipetrain {

struct GridSize {
  int data = 1, pipeline = 1;
};

// What bounds a grid: the ranks there are, of which `tensor` share a stage; the rows of a batch,
// which replicas share; the layers, of which a stage has one at least.
struct GridBounds {
  int ranks = 1, tensor = 1, batch_rows = 1, layers = 1;
};

// Replicas that use all ranks or, without replicas, a divisor of them.
std::vector<GridSize> grids(const GridBounds& bounds);

// Whether the schedule exists with v stages per rank, for some number of microbatches in so many
// slices each.
bool exists_with(const std::string& schedule, int virtual_stages, int slices = 1);

// Microbatches worth a try for a pipeline of these ranks: multiples of them up to the batch, and
// the configuration's own.
std::vector<int> microbatch_counts(const Candidate& configured, int pipeline, int batch_rows);

// Sizes of microbatch that the candidates have, the configuration's first and then ascending: what
// is to be measured.
std::vector<std::int64_t> microbatch_rows(const Candidate& configured, const GridBounds& bounds);

}  // namespace pipetrain
