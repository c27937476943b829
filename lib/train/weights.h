// Between a checkpoint and the memory of a rank's stages: weights, and the buffers that belong to
// them. It must not know steps, ranks' messages or when a checkpoint is written.
#pragma once

#include <vector>

#include "checkpoint/checkpoint.h"
#include "data/source.h"
#include "train/pipeline_rank.h"

namespace pipetrain {

Extents extents_of(const Shape& shape);

// What this rank writes: each tensor of the model on one rank.
std::vector<CheckpointTensor> owned_tensors(ParameterStore& parameters);

// Fills this rank's stages. Error(kCheckpoint) names the tensor that the checkpoint lacks, has in
// another shape, or has beyond the model's.
void load_weights(const Checkpoint& checkpoint, PipelineRank& pipeline);

// Error(kCheckpoint) unless numbers in the data mean what they meant in training: the same
// vocabulary, or the same normalisation of pixels.
void check_tokenizer(const Checkpoint& checkpoint, const Source& source);

}  // namespace pipetrain
