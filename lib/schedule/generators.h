// The generators behind generate(), one function for each family of schedules; sizes have been
// checked to be positive. Only generate.cpp includes this. Tests draw what they make.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain::generators {

Schedule gpipe(int ranks, int virtual_stages, int microbatches);
Schedule one_forward_one_backward(int ranks, int virtual_stages, int microbatches);

}  // namespace pipetrain::generators
