// What a model is described for where nothing runs: the data's shape and the number of ranks, as
// far as the configuration says them. It must not know how the model is described.
#pragma once

#include "config/config.h"
#include "nn/layers/model.h"

namespace pipetrain {

// What the model must know of the data. Text is not opened for a vocabulary that is configured.
DataShape configured_data_shape(const Config& config);

// As many as a list of stages is for, else one; for each replica. Error(kConfiguration) for a
// schedule that does not exist.
int configured_ranks(const Config& config);

}  // namespace pipetrain
