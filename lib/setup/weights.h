// Between a checkpoint and the memory of a rank's stages: weights, the buffers that belong to
// them, and moments. It must not know steps, ranks' messages or when a checkpoint is written.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "data/source.h"
#include "setup/rank_state.h"

namespace pipetrain {

Extents extents_of(const Shape& shape);

// What this rank is to write: the parameters and buffers that it owns, if it is of the first
// replica, or where replicas share them out its share; and the moments of what it updates,
// "optimizer.first_moment.<parameter>", as a matrix of the parameter's first axis and all others.
// What ranks share is written as slices of the whole; nothing is written by two ranks.
std::vector<CheckpointTensor> tensors_to_save(RankState& state);
// The same of the newest version, and with pipeline.delay 1 of the one that the next step, number
// `steps`, will run on: "optimizer.previous.<parameter or buffer>".
std::vector<CheckpointTensor> tensors_to_save(RankVersions& versions, std::int64_t steps);

// Fills this rank's stages, whatever grid wrote it. Error(kCheckpoint) names the tensor that the
// checkpoint lacks, has in another shape, or has beyond the model's.
void load_weights(const Checkpoint& checkpoint, RankState& state);
// The same for any stages of a model of these layers.
void load_weights(const Checkpoint& checkpoint, ParameterStore& parameters,
                  const std::vector<std::unique_ptr<Layer>>& layers);

// The moments of what this rank updates, whatever grid wrote them.
void load_moments(const Checkpoint& checkpoint, RankState& state);

// Weights after `steps` steps: the newest version, and the one that the next step runs on, which is
// the same unless the checkpoint has another, of a run with pipeline.delay 1.
void load_versions(const Checkpoint& checkpoint, RankVersions& versions, std::int64_t steps);

// Error(kCheckpoint) unless numbers in the data mean what they meant in training: the same
// vocabulary, or the same normalisation of pixels.
void check_tokenizer(const Checkpoint& checkpoint, const Source& source);

}  // namespace pipetrain
