// A model as planning sees it before anything is measured: names, parameters and sizes of rows. It
// must not know ranks or schedules.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "plan/profile.h"

namespace pipetrain {

ModelProfile model_profile(const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace pipetrain
