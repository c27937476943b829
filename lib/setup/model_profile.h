// A model as planning sees it before anything is measured: names, parameters and sizes of rows. It
// must not know ranks or schedules.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "plan/profile.h"

namespace pipetrain {

// `messages`: what float32 passes between stages as.
ModelProfile model_profile(const std::vector<std::unique_ptr<Layer>>& layers,
                           DType messages = DType::kFloat32);

}  // namespace pipetrain
