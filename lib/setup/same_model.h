// Whether a checkpoint is of the model that the configuration describes, as far as the shapes of
// its tensors do not show that: heads, activations, strides.
#pragma once

#include "checkpoint/checkpoint.h"
#include "nn/model_config.h"

namespace pipetrain {

// Error(kCheckpoint) naming the layer and the option in which the checkpoint's own configuration
// differs. Dropout may be another; what one of the two leaves to a default may be the same.
void check_model(const Checkpoint& checkpoint, const ModelConfig& model);

}  // namespace pipetrain
