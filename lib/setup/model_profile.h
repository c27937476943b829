// A model as planning sees it before anything is measured: names, parameters and sizes of rows. It
// must not know ranks or schedules.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "nn/sequence_slices.h"
#include "plan/profile.h"

namespace pipetrain {

// `messages`: what float32 passes between stages as.
ModelProfile model_profile(const std::vector<std::unique_ptr<Layer>>& layers,
                           DType messages = DType::kFloat32);

// The same as one slice of its sequences sees it: shorter rows.
ModelProfile slice_profile(const ModelProfile& whole, const SequenceSlices& slices, int slice);

}  // namespace pipetrain
